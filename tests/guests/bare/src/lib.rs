//! Made without the SDK and does nothing, for measuring what a call costs.

wit_bindgen::generate!({
    path: "../../../sdk/wit/since_v1.0.0",
    world: "automation",
    generate_all,
});

const MANIFEST_BYTES: &[u8] = include_bytes!("../plugin.toml");

#[used]
#[unsafe(link_section = "deskbell:manifest")]
static MANIFEST: [u8; MANIFEST_BYTES.len()] = *include_bytes!("../plugin.toml");

struct Bare;

impl Guest for Bare {
    fn handle(_: Event) -> Result<Vec<Effect>, Failure> {
        Ok(Vec::new())
    }
}

export!(Bare);
