//! Links the program without position independence where that is safe to ask for: it starts sooner, since the loader has no
//! addresses to fill in.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if (target("OS").as_str(), target("ENV").as_str(), target("ARCH").as_str()) == ("linux", "gnu", "x86_64") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
