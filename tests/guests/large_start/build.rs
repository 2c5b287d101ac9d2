fn main() {
    println!("cargo::rustc-link-arg=--initial-memory=314572800");
}
