//! The program: hands its arguments to the library and ends with the exit code that it returns.

use std::process::ExitCode;

fn main() -> ExitCode {
    kimt::core_dumps::switch_off();
    kimt::logs::take_panics();
    kimt::cli::run(std::env::args_os())
}
