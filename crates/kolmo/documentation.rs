//! Every command that the documentation shows is one that kolmo takes.

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    Arguments,
    documents::{command, pages},
};

fn problem(arguments: &[String]) -> Option<clap::Error> {
    let line = ["kolmo".to_owned()]
        .into_iter()
        .chain(arguments.iter().cloned());
    Arguments::try_parse_from(line).err()
}

#[test]
fn commands_in_blocks_are_complete() {
    let commands: Vec<_> = pages().iter().flat_map(|page| page.commands()).collect();
    assert!(commands.len() > 60, "{}", commands.len());
    for command in commands {
        if let Some(problem) = problem(&command.arguments) {
            panic!("{}: {problem}", command.place);
        }
    }
}

#[test]
fn commands_in_sentences_have_only_arguments_that_there_are() {
    let mut count = 0;
    for page in pages() {
        let text: Vec<&str> = page.prose().into_iter().map(|(_, line)| line).collect();
        let text = text.join(" ");
        // A code span is every second piece.
        for span in text.split('`').skip(1).step_by(2) {
            let Some(command) = command(&page.name, span) else {
                continue;
            };
            count += 1;
            let Some(problem) = problem(&command.arguments) else {
                continue;
            };
            // A sentence needs not say all of a command.
            let is_empty = matches!(
                problem.get(ContextKind::InvalidValue),
                Some(ContextValue::String(value)) if value.is_empty()
            );
            let is_short = is_empty
                || matches!(
                    problem.kind(),
                    ErrorKind::MissingRequiredArgument
                        | ErrorKind::MissingSubcommand
                        | ErrorKind::DisplayHelp
                        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                );
            assert!(is_short, "{}: {problem}", command.place);
        }
    }
    assert!(count > 100, "{count}");
}
