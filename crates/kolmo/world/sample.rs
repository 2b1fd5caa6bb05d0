//! `kolmo world sample`: documents to read.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use kolmo_export::Record;
use kolmo_world::{Document, Role, Vocabulary};

use crate::{
    output::{self, OutputError},
    plain::plain,
    progress::Volume,
    settings::{Settings, count},
};

/// Print documents of a world, one a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo world sample configs/biography.toml --count 3 --set seed=2")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Documents to print
    #[arg(short = 'n', long, default_value_t = 10, value_parser = count)]
    count: u64,
    /// Index of the first; training begins at 0, validation at 2^63
    #[arg(long, value_name = "INDEX", default_value_t = 0, value_parser = count)]
    first: u64,
    /// Print JSON, an object a line: document, text, tokens, roles, facts
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (_, world) = arguments.settings.load()?;
    let stdout = output::stdout()?;
    let is_coloured = AutoStream::choice(&stdout) != ColorChoice::Never && !arguments.json;
    if is_coloured && io::stderr().is_terminal() && volume != Volume::Quiet {
        let _ = writeln!(io::stderr(), "{}", legend());
    }
    // Colours are taken out again where they are not wanted.
    let mut out = BufWriter::new(AutoStream::auto(stdout.lock()));
    let mut document = Document::default();
    let mut write = || {
        for index in (arguments.first..=u64::MAX).take(arguments.count as usize) {
            world.write_document(index, &mut document);
            if arguments.json {
                let (world, document) = (&world, &document);
                let record = Record {
                    world,
                    index,
                    document,
                };
                write!(out, "{}", plain(&serde_json::to_string(&record)?))?;
            } else {
                write_text(world.vocabulary(), &document, &mut out)?;
            }
            writeln!(out)?;
        }
        out.flush()
    };
    Ok(write().map_err(OutputError::from)?)
}

/// The words of a document, each in the colour of its role.
fn write_text(
    vocabulary: &Vocabulary,
    document: &Document,
    out: &mut impl Write,
) -> io::Result<()> {
    let words = document.tokens.iter().zip(&document.roles);
    let words = words.filter(|(_, role)| **role != Role::Eos);
    for (n, (token, role)) in words.enumerate() {
        let space = if n > 0 { " " } else { "" };
        let word = vocabulary.word(*token).unwrap_or("<?>");
        let style = style(*role);
        write!(out, "{space}{style}{word}{style:#}")?;
    }
    Ok(())
}

fn style(role: Role) -> Style {
    match role {
        Role::Syntax | Role::Eos => Style::new(),
        Role::Subject => AnsiColor::Cyan.on_default(),
        Role::Value => AnsiColor::Yellow.on_default().bold(),
    }
}

/// What the colours mean.
fn legend() -> String {
    let roles = [Role::Syntax, Role::Subject, Role::Value].map(|role| {
        let style = style(role);
        format!("{style}{}{style:#}", role.name())
    });
    roles.join("  ")
}
