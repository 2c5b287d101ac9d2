//! The contract's types and imports as wit-bindgen makes them. Authors never see them: `guest` converts at the border.
//!
//! All worlds are generated here. The connector world takes what it shares with the automation world from there, so that one
//! conversion serves both.

#![allow(
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    missing_docs,
    reason = "generated code; lowering to the canonical ABI is unsafe by nature"
)]

/// The automation world.
pub mod automation {
    wit_bindgen::generate!({
        path: "../wit/since_v1.0.0",
        world: "automation",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "deskbell::__private::automation",
        additional_derives: [Clone, PartialEq],
        generate_all,
    });
}

/// The connector world.
pub mod connector {
    wit_bindgen::generate!({
        path: "../wit/since_v1.0.0",
        world: "connector",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "deskbell::__private::connector",
        additional_derives: [Clone, PartialEq],
        with: {
            "deskbell:plugin/types@1.0.0": crate::bindings::automation::deskbell::plugin::types,
            "deskbell:plugin/log@1.0.0": crate::bindings::automation::deskbell::plugin::log,
            "deskbell:plugin/settings@1.0.0": crate::bindings::automation::deskbell::plugin::settings,
            "deskbell:plugin/clock@1.0.0": crate::bindings::automation::deskbell::plugin::clock,
        },
        generate_all,
    });
}

/// The reporter world. Of the contract 1.1.0, so it shares no types with the others.
pub mod reporter {
    wit_bindgen::generate!({
        path: "../wit/since_v1.1.0",
        world: "reporter",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "deskbell::__private::reporter",
        additional_derives: [Clone, PartialEq],
        generate_all,
    });
}
