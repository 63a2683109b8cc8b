//! Measuring a process from outside: wall time, processor time, and the most memory it had.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One run of a tool.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measurement {
    pub seconds: f64,
    /// User and system time; none where the system does not say.
    pub processor: Option<f64>,
    /// The largest resident size in bytes.
    pub memory: Option<u64>,
}

/// Runs a command to its end. What it prints is thrown away; a failure is said.
pub fn run(command: &mut Command) -> Measurement {
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut measurement = Measurement::default();
    loop {
        // The last reading before the end is near enough: memory only grows, and 5 ms of processor time are little.
        if let Some((processor, memory)) = look(child.id()) {
            measurement.processor = Some(processor);
            measurement.memory = measurement.memory.max(Some(memory));
        }
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            measurement.seconds = begun.elapsed().as_secs_f64();
            if !status.success() {
                eprintln!("  {command:?} ended with {status}");
            }
            return measurement;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processor seconds and largest resident size of a process, from Linux' /proc.
fn look(process: u32) -> Option<(f64, u64)> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let memory = peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some((ticks / TICKS_PER_SECOND, memory))
}
