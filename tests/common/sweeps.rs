//! `noisescope sweep` through the program.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program in the folder `home`, its output kept.
pub fn command(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_noisescope"));
    command.args(arguments).current_dir(home);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `noisescope sweep` to its end.
pub fn sweep(arguments: &[&str], home: &Path) -> Output {
    command(&[&["sweep"], arguments].concat(), home).output().expect("the program starts")
}

/// A worker of the sweep in `folder`.
pub fn worker(folder: &str, home: &Path) -> Child {
    command(&["sweep", "run", folder], home).spawn().expect("the program starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it printed, if all went well.
pub fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Expects exit code 2, one error, and all of `words` in it.
pub fn refused(arguments: &[&str], home: &Path, words: &[&str]) {
    let output = sweep(arguments, home);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    for word in words.iter().chain(&["help:"]) {
        assert!(said.contains(word), "{arguments:?}: no `{word}` in\n{said}");
    }
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells that `workers` began, once all have done theirs.
pub fn begun(workers: Vec<Child>) -> Vec<String> {
    let of = |worker: Child| {
        let output = worker.wait_with_output().expect("it ends");
        succeed(&output);
        let said = text(&output.stderr);
        let cells = said.lines().filter(|line| line.starts_with("cell "));
        cells.map(str::to_owned).collect::<Vec<_>>()
    };
    workers.into_iter().flat_map(of).collect()
}

/// Waits until `ready`, while `child` goes on.
pub fn wait(child: &mut Child, ready: impl Fn() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(child.try_wait().expect("a child").is_none(), "the worker ended by itself");
        assert!(began.elapsed() < Duration::from_secs(120), "the worker does nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
}
