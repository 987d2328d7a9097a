//! Programs that run beside us and must not outlive us: stopped in order when we end, and by the
//! kernel (where `setpriv` is at hand) when we are killed.

#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        OnceLock,
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::system::{
    error::{Attempting, Trouble},
    find_program,
    unprivileged_user::Account,
};

const POLL: Duration = Duration::from_millis(20);

/// A way to ask a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// SIGTERM, as our services and Redis expect.
    Terminate,
    /// SIGINT, which Postgres understands as "end the sessions and stop".
    Interrupt,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Interrupt => Signal::INT,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
        }
    }
}

/// A program to be started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    name: String,
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    account: Option<Account>,
    output: Output,
    folder: Option<PathBuf>,
    ending: Ending,
    grace: Duration,
    inherited: Inherited,
    descriptors: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Output {
    Nowhere,
    Ours,
    File(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inherited {
    Harmless,
    Everything,
}

/// The only variables that most programs get from us: a live key or database in our environment must
/// not reach them by accident.
const HARMLESS: [&str; 8] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "TERM",
    "TMPDIR",
    "RUST_BACKTRACE",
    "SSL_CERT_FILE",
];

impl Program {
    pub(crate) fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            account: None,
            output: Output::Nowhere,
            folder: None,
            ending: Ending::Terminate,
            grace: Duration::from_secs(10),
            inherited: Inherited::Harmless,
            descriptors: None,
        }
    }

    /// Sets how many files and connections it may have open, which it cannot raise: the hard limit
    /// is the same.
    pub(crate) fn descriptors(mut self, count: Option<u64>) -> Self {
        self.descriptors = count;
        self
    }

    /// Passes on all our variables: for tools that the user has set up through variables of their
    /// own, such as cargo and pip.
    pub(crate) fn inherits_everything(mut self) -> Self {
        self.inherited = Inherited::Everything;
        self
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let owned = pairs
            .into_iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()));
        self.env.extend(owned);
        self
    }

    pub(crate) fn run_as(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Appends output to this file; without it, it is thrown away.
    pub(crate) fn log_to(mut self, log: &Path) -> Self {
        self.output = Output::File(log.to_path_buf());
        self
    }

    /// Sends output where ours goes.
    pub(crate) fn shows_output(mut self) -> Self {
        self.output = Output::Ours;
        self
    }

    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    pub(crate) fn ends_by(mut self, ending: Ending, grace: Duration) -> Self {
        self.ending = ending;
        self.grace = grace;
        self
    }

    /// Starts it in a process group of its own, so that an interrupt at the terminal reaches only
    /// us and we stop things in order.
    pub(crate) fn start(self) -> Result<Process, Trouble> {
        let attempt = format!("start {}", self.name);
        let mut command = self.command();
        self.direct_output(&mut command).attempting(&attempt)?;
        let child = in_keeper(move || command.spawn()).attempting(&attempt)?;
        Ok(Process {
            program: self,
            child,
        })
    }

    /// Runs it to its end and returns what it printed; a failure is a trouble with its last words.
    pub(crate) fn output(self) -> Result<String, Trouble> {
        let attempt = format!("run {}", self.name);
        let mut command = self.command();
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = in_keeper(move || command.spawn()).attempting(&attempt)?;
        let output = child.wait_with_output().attempting(&attempt)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let status = output.status;
        Err(Trouble::new(format!(
            "{} failed ({status}): {}",
            self.name,
            last_lines(&words, 8)
        )))
    }

    fn command(&self) -> Command {
        let mut line: Vec<OsString> = Vec::new();
        if let Some(count) = self.descriptors {
            let limited = r#"ulimit -n "$0" && exec "$@""#;
            line.extend(["/bin/sh", "-c", limited].map(OsString::from));
            line.push(count.to_string().into());
        }
        if let Some(setpriv) = find_program::on_path("setpriv") {
            line.push(setpriv.into());
            line.extend(["--pdeathsig", self.ending.name(), "--"].map(OsString::from));
        }
        line.push(self.path.clone().into());
        line.extend(self.args.iter().cloned());
        let mut words = line.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).process_group(0);
        if self.inherited == Inherited::Harmless {
            let value = |name| std::env::var_os(name).map(|value| (name, value));
            command.env_clear();
            command.envs(HARMLESS.iter().filter_map(value));
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid).current_dir("/");
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn direct_output(&self, command: &mut Command) -> io::Result<()> {
        command.stdin(Stdio::null());
        match &self.output {
            Output::Nowhere => command.stdout(Stdio::null()).stderr(Stdio::null()),
            Output::Ours => command.stdout(Stdio::inherit()).stderr(Stdio::inherit()),
            Output::File(log) => {
                let file: File = OpenOptions::new().create(true).append(true).open(log)?;
                command.stdout(file.try_clone()?).stderr(file)
            }
        };
        Ok(())
    }
}

/// A running program. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Process {
    program: Program,
    child: Child,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn name(&self) -> &str {
        &self.program.name
    }

    /// Returns how it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Returns a trouble with its last words if it has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), Trouble> {
        let Some(status) = self.ended() else {
            return Ok(());
        };
        let words = self.last_words();
        let name = self.name();
        Err(Trouble::new(format!("{name} ended ({status}): {words}")))
    }

    /// Returns the end of its log.
    pub(crate) fn last_words(&self) -> String {
        let Output::File(log) = &self.program.output else {
            return String::new();
        };
        let text = std::fs::read(log).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&text), 12)
    }

    /// Sends SIGKILL to it alone and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Asks it to end; after its grace, it and its whole group are killed.
    pub(crate) fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, self.program.ending.signal()).ok();
        // A frozen process neither ends nor lets go of its callers.
        thaw(pid.as_raw_nonzero().get());
        let deadline = Instant::now() + self.program.grace;
        while Instant::now() < deadline {
            if self.ended().is_some() {
                return;
            }
            std::thread::sleep(POLL);
        }
        kill_process_group(pid, Signal::KILL).ok();
        self.kill();
    }

    /// Returns the program that was started; it can be started again.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// Sends a signal; it may have ended meanwhile.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets a process and all that descend from it go on. Whoever it started may have a group of its
/// own.
fn thaw(pid: i32) {
    if let Some(known) = Pid::from_raw(pid) {
        kill_process(known, Signal::CONT).ok();
    }
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return;
    };
    let threads = threads.flatten();
    let children = threads.flat_map(|it| std::fs::read_to_string(it.path().join("children")));
    for text in children {
        let pids = text.split_whitespace().flat_map(str::parse);
        pids.for_each(thaw);
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Runs `spawn` on a thread that lives as long as the process: the kernel's "your parent died"
/// signal is about the *thread* that started a program, and test threads come and go.
fn in_keeper<T: Send + 'static>(
    spawn: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    static KEEPER: OnceLock<Sender<Job>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (jobs, queue) = channel::<Job>();
        std::thread::spawn(move || queue.into_iter().for_each(|job| job()));
        jobs
    });
    let (answer, answered) = channel();
    let job = move || {
        // Nobody waits any more when the asking thread has died.
        answer.send(spawn()).ok();
    };
    keeper
        .send(Box::new(job))
        .map_err(|_gone| io::Error::other("the thread that starts programs is gone"))?;
    answered.recv().map_err(io::Error::other)?
}

/// Returns the last lines of a text, for messages.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let skipped = lines.len().saturating_sub(count);
    let kept: Vec<&str> = lines.into_iter().skip(skipped).collect();
    kept.join("\n    ")
}

/// Tries `attempt` until it succeeds or the time is over; `None` then.
pub(crate) fn poll<T>(within: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        let found = attempt();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        std::thread::sleep(POLL);
    }
}
