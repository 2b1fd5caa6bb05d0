//! The documentation as text: its code blocks, and the commands in them. The tests of the binary read it too.

use std::{fs, path::PathBuf};

/// A page.
pub struct Page {
    /// Where it is, from the root of the repository.
    pub name: String,
    pub text: String,
}

/// A code block.
pub struct Block {
    /// Page and line, for messages.
    pub place: String,
    pub language: String,
    pub text: String,
}

/// A command line of kolmo.
pub struct Command {
    /// Page and line, for messages.
    pub place: String,
    pub arguments: Vec<String>,
    /// The file that it is redirected to.
    pub output: Option<String>,
    /// What it says, where the block shows that: the line below a command with a prompt.
    pub says: Option<String>,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, README first.
pub fn pages() -> Vec<Page> {
    let mut names = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/results", "docs/results/earlier"] {
        let mut pages = Vec::new();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                pages.push(format!("{folder}/{name}"));
            }
        }
        pages.sort_unstable();
        names.extend(pages);
    }
    let page = |name: String| Page {
        text: fs::read_to_string(root().join(&name)).unwrap(),
        name,
    };
    names.into_iter().map(page).collect()
}

impl Page {
    /// Its code blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (number, line) in (1..).zip(self.text.lines()) {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, &mut open) {
                (Some(language), None) => {
                    open = Some(Block {
                        place: format!("{}:{number}", self.name),
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        blocks
    }

    /// Its lines outside of code blocks, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut is_code = false;
        let mut prose = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            match line.trim_start().starts_with("```") {
                true => is_code = !is_code,
                false if !is_code => prose.push((number, line)),
                false => {}
            }
        }
        prose
    }

    /// The commands of kolmo in its code blocks.
    pub fn commands(&self) -> Vec<Command> {
        self.blocks().iter().flat_map(Block::commands).collect()
    }
}

impl Block {
    fn commands(&self) -> Vec<Command> {
        if !["", "bash"].contains(&self.language.as_str()) {
            return Vec::new();
        }
        // A line that goes on in the next one.
        let parts: Vec<&str> = self.text.split("\\\n").map(str::trim).collect();
        let text = parts.join(" ");
        let mut lines = text.lines().peekable();
        let mut commands = Vec::new();
        while let Some(line) = lines.next() {
            let says = line.starts_with("$ ").then(|| lines.peek().copied());
            commands.extend(command(&self.place, line).map(|command| Command {
                says: says.flatten().map(str::to_owned),
                ..command
            }));
        }
        commands
    }
}

/// The command of kolmo in a line of a shell, if there is one.
pub fn command(place: &str, line: &str) -> Option<Command> {
    let line = line.trim();
    // What a command does stands beside it, in a column of its own.
    let line = line.split("   ").next()?;
    let words = shlex::split(line)?;
    let is_end = |word: &String| ["|", "<", ">", "&&", ";", "do"].contains(&word.as_str());
    let from_source = words.starts_with(&["cargo".to_owned(), "run".to_owned()]);
    let name = if from_source { "--" } else { "kolmo" };
    let begin = words.iter().position(|word| word == name)? + 1;
    // The name of a package is none of a program.
    if !from_source && begin > 1 && words[begin - 2].starts_with('-') {
        return None;
    }
    let rest = &words[begin..];
    let end = rest.iter().position(is_end).unwrap_or(rest.len());
    // A word alone is a name, and three dots stand for anything.
    if end == 0 || rest[0] == "..." {
        return None;
    }
    let output = match &rest[end..] {
        [sign, file, ..] if sign == ">" => Some(file.clone()),
        _ => None,
    };
    let argument = |word: &String| word.trim_end_matches(';').to_owned();
    Some(Command {
        place: format!("{place}: {line}"),
        arguments: rest[..end].iter().map(argument).collect(),
        output,
        says: None,
    })
}
