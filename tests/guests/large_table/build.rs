fn main() {
    println!("cargo::rustc-link-arg=--table-base=200000");
}
