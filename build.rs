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
