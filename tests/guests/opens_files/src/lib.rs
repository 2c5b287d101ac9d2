//! Looks for files to read and to write.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let tried = [
        std::fs::read("/etc/passwd").map(drop),
        std::fs::read("plugin.toml").map(drop),
        std::fs::read_dir("/").map(drop),
        std::fs::read_dir(".").map(drop),
        std::fs::write("/tmp/guest", b"was here"),
        std::fs::create_dir("guest"),
        std::env::current_dir().and_then(|dir| std::fs::read_dir(dir)).map(drop),
    ];
    let worked = tried.iter().filter(|tried| tried.is_ok()).count();
    Ok(vec![Effect::note(format!("{worked} of {} worked", tried.len()))])
}
