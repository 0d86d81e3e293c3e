//! Running other programs: in the workspace, with a word of what they do and how long they took.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The project on disk.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace this binary was built from.
    pub(crate) fn here() -> Result<Workspace> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().context("xtask has no parent folder")?.to_path_buf();
        if !root.join("Cargo.toml").is_file() {
            bail!("{} is not there any more; run `cargo xtask` inside the project", root.display());
        }
        Ok(Workspace { root })
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// The folder a web server needs.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// `cargo`, in the project's folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        // Set by `cargo run` for this process. A child cargo that sees them takes other paths for its own.
        for variable in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"] {
            cargo.env_remove(variable);
        }
        cargo
    }
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}

/// A duration for people: "0.4 s", "12 s", "3 min 20 s".
pub(crate) fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f32()),
        10..90 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Runs a command and fails unless it succeeds. `what` says what it does.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    println!("– {what}: {}", shown(command));
    let started = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{what}: `{}` could not be started", shown(command)))?;
    if !status.success() {
        bail!("{what}: `{}` failed ({status}); its messages are above", shown(command));
    }
    println!("  done in {}", spell(started.elapsed()));
    Ok(())
}

/// What a command printed, and whether it succeeded.
pub(crate) struct Output {
    /// Standard output and standard error, line by line as they came.
    pub(crate) text: String,
    /// Whether the exit status was zero.
    pub(crate) success: bool,
}

/// Runs a command, shows what it prints and keeps it.
pub(crate) fn run_and_keep(command: &mut Command) -> Result<Output> {
    println!("$ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    let stdout = child.stdout.take().context("standard output was not opened")?;
    let stderr = child.stderr.take().context("standard error was not opened")?;
    let (lines, kept) = std::sync::mpsc::channel::<String>();
    let text = std::thread::scope(|scope| {
        let errors = lines.clone();
        scope.spawn(move || echo(stdout, std::io::stdout(), &lines));
        scope.spawn(move || echo(stderr, std::io::stderr(), &errors));
        kept.iter().collect::<String>()
    });
    let success = child.wait().with_context(|| format!("`{}` could not be waited for", shown(command)))?.success();
    Ok(Output { text, success })
}

fn echo(from: impl Read, mut to: impl Write, keep: &std::sync::mpsc::Sender<String>) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal must not end the tests, and their counts are still wanted.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let _ = keep.send(String::from_utf8_lossy(&line).into_owned());
        line.clear();
    }
}

/// The first line a command prints, if it runs at all: for `--version`.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_for_people() {
        for (milliseconds, expected) in [(0, "0.0 s"), (9_940, "9.9 s"), (12_400, "12 s"), (200_000, "3 min 20 s")] {
            assert_eq!(spell(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn output_of_both_streams_is_kept() {
        let mut shell = Command::new("sh");
        let output = run_and_keep(shell.args(["-c", "echo out; echo err >&2; exit 3"])).expect("sh runs");
        assert!(!output.success && output.text.contains("out\n") && output.text.contains("err\n"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let message = run("Looking", &mut Command::new("no-such-program-here")).expect_err("missing").to_string();
        assert!(message.contains("no-such-program-here"), "{message}");
    }
}
