//! The `ruff` command: everything is in the library.

fn main() {
    std::process::exit(ruff::cli::main(std::env::args_os().skip(1).collect()))
}
