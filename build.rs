//! Links the program so that it starts soon: without position independence, since the loader then has no addresses to fill in, and
//! on machines that have the C library as an archive without any loader at all. That is a third of the time of a short script.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if (target("OS").as_str(), target("ENV").as_str(), target("ARCH").as_str()) != ("linux", "gnu", "x86_64") {
        return;
    }
    println!("cargo:rustc-link-arg-bins=-no-pie");
    if is_usual_linker() && prefer_archives(Path::new(&env::var("OUT_DIR").unwrap_or_default())).is_ok() {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-dynamic-linker");
    }
    order_functions();
}

/// Another linker or target may look elsewhere than `cc` does.
fn is_usual_linker() -> bool {
    env::var("HOST") == env::var("TARGET") && env::var_os("RUSTC_LINKER").is_none()
}

/// Gives the linker a folder that it asks first, where the shared libraries of C are scripts naming their archives. (The flag
/// `-static` would come too late on the command line, and `crt-static` would hold for procedural macros, too.)
fn prefer_archives(folder: &Path) -> io::Result<()> {
    // Before 2.34 the C library was several; a shared one among archives would not be found at run time.
    if archive("libpthread.so").is_ok() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let [c, m, unwind] = [archive("libc.a")?, archive("libm.a")?, archive("libgcc_eh.a")?];
    fs::write(folder.join("libc.so"), format!("GROUP ( {c} {unwind} )\n"))?;
    fs::write(folder.join("libm.so"), format!("GROUP ( {m} )\n"))?;
    fs::write(folder.join("libgcc_s.so"), format!("GROUP ( {unwind} {c} )\n"))?;
    println!("cargo:rustc-link-arg-bins=-L{}", folder.display());
    Ok(())
}

/// Where the C compiler finds it.
fn archive(name: &str) -> io::Result<String> {
    let output = Command::new("cc").arg(format!("-print-file-name={name}")).output()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let plain = !path.contains(char::is_whitespace);
    if plain && Path::new(&path).is_absolute() && Path::new(&path).exists() {
        Ok(path)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Asks the linker to begin with the functions that are listed, in that order, if it can do that. Development builds are left alone.
fn order_functions() {
    let list = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("benchmarks/order/functions.txt");
    println!("cargo:rerun-if-changed={}", list.display());
    if env::var("OPT_LEVEL").is_ok_and(|level| level != "0")
        && let Ok(functions) = fs::read_to_string(&list)
        && let Ok(arguments) = order(&functions, Path::new(&env::var("OUT_DIR").unwrap_or_default()))
        && links_with(&arguments)
    {
        arguments.iter().for_each(|argument| println!("cargo:rustc-link-arg-bins={argument}"));
    }
}

/// What orders the functions. Whose names end with a number that each build chooses anew are found by patterns, which are for
/// sections: these stand in front of the others.
fn order(functions: &str, folder: &Path) -> io::Result<[String; 3]> {
    if folder.display().to_string().contains([' ', ',']) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (numbered, named): (Vec<&str>, Vec<&str>) = functions.lines().partition(|name| name.ends_with('*'));
    let sections: String = numbered.iter().map(|name| format!("*(.text.{name} .text.unlikely.{name})\n")).collect();
    let [script, list] = ["first.ld", "functions.txt"].map(|name| folder.join(name));
    fs::write(&script, format!("SECTIONS {{ .text.first : {{\n{sections}}} }} INSERT BEFORE .text;\n"))?;
    fs::write(&list, named.join("\n"))?;
    Ok([
        format!("-Wl,-T,{}", script.display()),
        format!("-Wl,--symbol-ordering-file={}", list.display()),
        "-Wl,--no-warn-symbol-ordering".to_owned(),
    ])
}

/// Links an empty program with these arguments to see whether the linker takes them.
fn links_with(arguments: &[String]) -> bool {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let source = Path::new(&variable("OUT_DIR")).join("empty.rs");
    if fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.arg(&source).args(["--target", &variable("TARGET"), "-o"]).arg(source.with_extension("out"));
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\u{1f}').filter(|flag| !flag.is_empty()));
    rustc.args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")));
    rustc.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    rustc.output().is_ok_and(|output| output.status.success())
}
