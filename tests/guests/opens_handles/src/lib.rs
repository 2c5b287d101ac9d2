//! Opens handles and closes none. Made without the SDK, which has no use for them.

wit_bindgen::generate!({
    path: "../../../sdk/wit/since_v1.0.0",
    inline: r"
        package guest:opens-handles;

        world opens-handles {
            include deskbell:plugin/automation@1.0.0;
            import wasi:clocks/monotonic-clock@0.2.1;
        }

        package wasi:io@0.2.1 {
            interface poll {
                resource pollable;
            }
        }

        package wasi:clocks@0.2.1 {
            interface monotonic-clock {
                use wasi:io/poll@0.2.1.{pollable};
                type duration = u64;
                subscribe-duration: func(when: duration) -> pollable;
            }
        }
    ",
    world: "guest:opens-handles/opens-handles",
    generate_all,
});

use wasi::clocks::monotonic_clock::subscribe_duration;

const MANIFEST_BYTES: &[u8] = include_bytes!("../plugin.toml");

#[used]
#[unsafe(link_section = "deskbell:manifest")]
static MANIFEST: [u8; MANIFEST_BYTES.len()] = *include_bytes!("../plugin.toml");

struct OpensHandles;

impl Guest for OpensHandles {
    fn handle(_: Event) -> Result<Vec<Effect>, Failure> {
        let open: Vec<_> = (0..100_000).map(subscribe_duration).collect();
        Err(Failure { message: format!("{} handles are open", open.len()), retry: false })
    }
}

export!(OpensHandles);
