//! A temporary folder and the real `kolmo` in it.

pub mod documents;

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;
use toml::{Table, Value};

const TINY: &str = include_str!("tiny.toml");

/// The configuration of a run of so many steps, of a few milliseconds each.
pub fn tiny(steps: u64, log_every: u64, evaluations: u64) -> String {
    let documents = 32 * steps;
    tiny_with(&format!(
        "train = {{ documents = {documents}, batch_documents = 32, log_every = {log_every} }}\n\
         eval.evaluations = {evaluations}"
    ))
}

/// The configuration of a tiny run with the keys that `changes`, in TOML, has other values of or adds.
pub fn tiny_with(changes: &str) -> String {
    changed(TINY, changes)
}

/// `config` with the keys that `changes`, both in TOML, has other values of or adds.
pub fn changed(config: &str, changes: &str) -> String {
    let mut table: Table = config.parse().unwrap();
    merge(&mut table, changes.parse().unwrap());
    table.to_string()
}

fn merge(into: &mut Table, changes: Table) {
    for (key, value) in changes {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(changes)) => merge(there, changes),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// The arguments that train `config` in the run directory `run`, on the CPU, without a word.
pub fn train<'a>(config: &'a str, run: &'a str) -> [&'a str; 7] {
    ["train", config, "--device", "flex", "--run-dir", run, "-q"]
}

/// A checkpoint after every step, to be put behind [`tiny`].
pub const EVERY_STEP: &str = "[checkpoint]\nevery_s = 0.0\n";

/// A folder of its own for one test.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Names of what is in `runs/`.
    pub fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path().join("runs")).unwrap();
        let name = |entry: io::Result<DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        entries.map(name).collect()
    }

    /// Writes `text` to `name` and gives its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs `kolmo` with `arguments` in this folder.
    pub fn kolmo(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_kolmo"))
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        Ran { output }
    }
}

/// A command under way, killed if the test ends before it.
pub struct Running {
    child: Option<Child>,
}

impl Place {
    /// Starts `kolmo` with `arguments` and `variables` in this folder.
    pub fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let child = Command::new(env!("CARGO_BIN_EXE_kolmo"))
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running { child: Some(child) }
    }

    /// Starts `kolmo` with `arguments` from a shell that has run `before`.
    pub fn start_after(&self, before: &str, arguments: &[&str]) -> Running {
        let mut command = self.shell(before, Path::new(env!("CARGO_BIN_EXE_kolmo")));
        Running::new(command.args(arguments))
    }

    /// A shell in this folder that runs `before` and then the program `kolmo` with the arguments that are added.
    pub fn shell(&self, before: &str, kolmo: &Path) -> Command {
        let mut command = Command::new("bash");
        command
            .arg("-c")
            .arg(format!("{before}\nexec \"$0\" \"$@\""))
            .arg(kolmo)
            .current_dir(self.path());
        command
    }

    /// Runs `kolmo` with `arguments` on a terminal of the kind `term`, so many columns wide. What it said is all on standard
    /// output.
    pub fn on_terminal(&self, term: &str, columns: u16, arguments: &[&str]) -> Ran {
        const TERMINAL: &str = "\
import fcntl, os, pty, struct, sys, termios
process, terminal = pty.fork()
if process == 0:
    size = struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0)
    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execv(sys.argv[2], sys.argv[2:])
while True:
    try:
        said = os.read(terminal, 65536)
    except OSError:
        break
    if not said:
        break
    sys.stdout.buffer.write(said)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
";
        let mut command = Command::new("python3");
        command
            .args(["-c", TERMINAL, &columns.to_string()])
            .arg(env!("CARGO_BIN_EXE_kolmo"))
            .args(arguments)
            .env("TERM", term)
            .current_dir(self.path());
        Running::new(&mut command).wait()
    }
}

impl Running {
    /// Starts `command`.
    pub fn new(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command.spawn().unwrap())
    }

    pub fn of(child: Child) -> Self {
        Self { child: Some(child) }
    }

    /// Sends a signal by its name, such as `TERM`; that it comes too late is no failure.
    pub fn signal(&mut self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let signal = format!("-{name}");
        Command::new("kill").args([&signal, &id]).output().unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut().unwrap();
        child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ran {
        let child = self.child.take().unwrap();
        Ran {
            output: child.wait_with_output().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a command did.
pub struct Ran {
    output: Output,
}

impl Ran {
    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// The exit code; none after a signal.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Asserts the exit code, showing what was said if it is another.
    pub fn exits(self, code: i32) -> Self {
        let said = self.stderr();
        assert_eq!(self.output.status.code(), Some(code), "it said: {said}");
        self
    }

    /// Asserts that standard error contains `text`.
    pub fn says(self, text: &str) -> Self {
        let said = self.stderr();
        assert!(said.contains(text), "expected {text:?} in: {said}");
        self
    }
}

/// Every file below `folder`, with its content.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Copies the folder `from` with everything in it to `to`.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &copy),
            false => drop(fs::copy(entry.path(), copy).unwrap()),
        }
    }
}

/// The arguments that `text` has between its spaces.
pub fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// What the JSON file at `path` says.
pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The lines of a JSONL file.
pub fn jsonl(path: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
