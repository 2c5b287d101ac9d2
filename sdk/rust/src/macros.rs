//! The macros that make a crate a component.

/// Makes the crate an automation: exports the world with the given function and stamps the crate's `plugin.toml` into the component.
///
/// To be called once, at the top of `lib.rs`, in a crate of type `cdylib`. The exports exist in WebAssembly alone, so
/// `cargo test` runs the function natively against a [`TestHost`](crate::testing::TestHost).
///
/// ```ignore
/// use deskbell::prelude::*;
///
/// deskbell::automation!(handle);
///
/// fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
///     cx.info(format!("seen {}", event.id));
///     Ok(vec![])
/// }
/// ```
#[macro_export]
macro_rules! automation {
    ($handle:expr $(,)?) => {
        const _: fn(&$crate::Event, &mut $crate::Context<'_>) -> $crate::Result<::std::vec::Vec<$crate::Effect>> =
            $handle;

        $crate::__stamp!();

        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "exports of the canonical ABI")]
        const _: () = {
            struct Plugin;

            impl $crate::__private::automation::Guest for Plugin {
                fn handle(
                    event: $crate::__private::automation::Event,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::__private::automation::Effect>,
                    $crate::__private::automation::Failure,
                > {
                    $crate::__private::handle(event, $handle)
                }
            }

    $crate::__private::automation::export!(Plugin with_types_in $crate::__private::automation);
        };
    };
}

/// Makes the crate a reporter: exports the world with the given function and stamps the crate's `plugin.toml` into the component.
///
/// To be called once, at the top of `lib.rs`, in a crate of type `cdylib`. `cargo test` runs the function natively with
/// [`TestHost::report`](crate::testing::TestHost::report).
///
/// ```ignore
/// use deskbell::prelude::*;
/// use deskbell::report::{Document, Request};
///
/// deskbell::reporter!(report);
///
/// fn report(request: &Request, cx: &mut Context) -> Result<Document> {
///     let figures = cx.figures(&request.figures())?;
///     Ok(request.document("Tickets").text(format!("{:?} tickets", figures.number("ticket_volume"))))
/// }
/// ```
#[macro_export]
macro_rules! reporter {
    ($report:expr $(,)?) => {
        const _: fn(&$crate::report::Request, &mut $crate::Context<'_>) -> $crate::Result<$crate::report::Document> =
            $report;

        $crate::__stamp!();

        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "exports of the canonical ABI")]
        const _: () = {
            struct Plugin;

            impl $crate::__private::reporter::Guest for Plugin {
                fn report(
                    request: $crate::__private::reporter::Request,
                ) -> ::std::result::Result<::std::string::String, $crate::__private::reporter::Failure> {
                    $crate::__private::report(request, $report)
                }
            }

    $crate::__private::reporter::export!(Plugin with_types_in $crate::__private::reporter);
        };
    };
}

/// Makes the crate a connector: exports the world with the given [`Connector`](crate::Connector) and stamps the crate's `plugin.toml`
/// into the component.
///
/// To be called once, at the top of `lib.rs`, in a crate of type `cdylib`.
///
/// ```ignore
/// use deskbell::prelude::*;
///
/// deskbell::connector!(Acme);
///
/// pub struct Acme;
///
/// impl Connector for Acme { /* parse, render */ }
/// ```
#[macro_export]
macro_rules! connector {
    ($connector:ty $(,)?) => {
        const _: () = {
            const fn is_a_connector<C: $crate::Connector>() {}
            is_a_connector::<$connector>();
        };

        $crate::__stamp!();

        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "exports of the canonical ABI")]
        const _: () = {
            use ::std::option::Option;
            use ::std::result::Result;
            use ::std::string::String;
            use ::std::vec::Vec;
            use $crate::__private::connector::{
                Action, Delivery, Exchange, Failure, Guest, Parsed, ProbeStep, ReconcileStep, RenderStep,
            };

            struct Plugin;

            impl Guest for Plugin {
                fn parse(delivery: Delivery) -> Result<Parsed, Failure> {
                    $crate::__private::parse::<$connector>(delivery)
                }
                fn render(action: Action, so_far: Vec<Exchange>) -> Result<RenderStep, Failure> {
                    $crate::__private::render::<$connector>(action, so_far)
                }
                fn probe(action: Action, so_far: Vec<Exchange>) -> Result<ProbeStep, Failure> {
                    $crate::__private::probe::<$connector>(action, so_far)
                }
                fn reconcile(cursor: Option<String>, so_far: Vec<Exchange>) -> Result<ReconcileStep, Failure> {
                    $crate::__private::reconcile::<$connector>(cursor, so_far)
                }
            }

    $crate::__private::connector::export!(Plugin with_types_in $crate::__private::connector);
        };
    };
}

/// Puts the manifest and the SDK's version into sections of the component, where the engine reads them before it runs any code.
#[doc(hidden)]
#[macro_export]
macro_rules! __stamp {
    () => {
        const _: () = {
            // Natively too: a crate without its manifest does not build.
            const MANIFEST_BYTES: &[u8] =
                ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/plugin.toml"));

            #[cfg(target_family = "wasm")]
            #[used]
            #[allow(unsafe_code, reason = "a section of its own is how the manifest travels")]
            #[unsafe(link_section = "deskbell:manifest")]
            static MANIFEST: [u8; MANIFEST_BYTES.len()] =
                *::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/plugin.toml"));

            #[cfg(target_family = "wasm")]
            #[used]
            #[allow(unsafe_code, reason = "a section of its own is how the version travels")]
            #[unsafe(link_section = "deskbell:sdk")]
            static SDK: [u8; $crate::__private::STAMP.len()] = *$crate::__private::STAMP;
        };
    };
}
