//! The `ruff` command: everything is in the library.

#[global_allocator]
static MEMORY: ruff::value::Spare = ruff::value::Spare;

fn main() {
    std::process::exit(ruff::cli::main(std::env::args_os().skip(1).collect()))
}
