//! What plugins are linked with: the contract and a bare WASI.

use std::sync::Arc;

use deskbell_bindings::v1_0_0::generated::Everything;
use deskbell_bindings::v1_1_0::generated::Reporting;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, ResourceType};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::refused::Refused;
use crate::state::State;
use crate::wasi;

/// Everything that a plugin may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    Everything::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    Reporting::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Links a component. Its imports of sockets become functions that end the call when they are used: languages' libraries
/// import them whether or not a plugin opens one.
pub(crate) fn link(linker: &Linker<State>, component: &Component) -> Result<InstancePre<State>, Refused> {
    let types = |error: wasmtime::Error| Refused::Types(format!("{error:#}"));
    let mut linker = linker.clone();
    refuse_sockets(&mut linker, component).map_err(types)?;
    linker.instantiate_pre(component).map_err(types)
}

/// A plugin called a function that is only there to be refused.
#[derive(Debug, thiserror::Error)]
#[error("it called {function} of {interface}, but plugins have no network; return an effect, or write a connector")]
struct NoNetwork {
    interface: Arc<str>,
    function: String,
}

/// Stands for the resources of the socket interfaces. There never is one.
struct Socket;

/// The type of a resource that a socket interface names: its own, or one that it takes from wasi:io.
fn resource_type(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<Socket>(),
    }
}

fn refuse_sockets(linker: &mut Linker<State>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine().clone();
    for (name, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(interface) = import.ty else {
            continue;
        };
        if !name.starts_with("wasi:sockets/") {
            continue;
        }
        let interface_name: Arc<str> = name.into();
        let mut instance = linker.instance(name)?;
        for (function, export) in interface.exports(&engine) {
            match export.ty {
                ComponentItem::Resource(_) => {
                    instance.resource(function, resource_type(function), |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(_) => {
                    let (interface, name) = (Arc::clone(&interface_name), function.to_owned());
                    instance.func_new(function, move |_, _, _, _| {
                        Err(NoNetwork { interface: Arc::clone(&interface), function: name.clone() }.into())
                    })?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
