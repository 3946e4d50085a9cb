//! The contract, pinned: a change of any name, number or type shows up here as a difference, never as a surprise on the wire.

use std::collections::BTreeSet;

use plugin_proto::reflect::pool;
use plugin_proto::{API, HOOKS, Method, Service, Shape};
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

const PACKAGE: &str = "mattermost.pluginapi.v1";

fn short(name: &str) -> &str {
    name.strip_prefix(PACKAGE).map_or(name, |rest| &rest[1..])
}

fn scalar(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => short(message.full_name()).to_owned(),
        Kind::Enum(kind) => short(kind.full_name()).to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn field_row(message: &MessageDescriptor, field: &FieldDescriptor) -> String {
    let label = match field {
        field if field.is_map() => "map",
        field if field.cardinality() == Cardinality::Repeated => "repeated",
        field if field.field_descriptor_proto().proto3_optional() => "optional",
        _ => "one",
    };
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            format!(
                "{} to {}",
                scalar(&entry.map_entry_key_field().kind()),
                scalar(&entry.map_entry_value_field().kind())
            )
        }
        kind => scalar(&kind),
    };
    format!(
        "{}.{} = {} {label} {kind}",
        short(message.full_name()),
        field.name(),
        field.number()
    )
}

/// Every row of the contract, sorted.
fn rows() -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    let ours = |package: &str| package == PACKAGE;
    for message in pool()
        .all_messages()
        .filter(|message| ours(message.package_name()) && !message.is_map_entry())
    {
        rows.insert(format!(
            "message {} in {}",
            short(message.full_name()),
            message.parent_file().name()
        ));
        rows.extend(message.fields().map(|field| field_row(&message, &field)));
    }
    for kind in pool().all_enums().filter(|kind| ours(kind.package_name())) {
        rows.extend(kind.values().map(|value| {
            format!(
                "enum {} in {}: {} = {}",
                short(kind.full_name()),
                kind.parent_file().name(),
                value.name(),
                value.number()
            )
        }));
    }
    for service in pool()
        .services()
        .filter(|service| ours(service.package_name()))
    {
        for method in service.methods() {
            let stream = |streams: bool| if streams { "stream " } else { "" };
            rows.insert(format!(
                "rpc {}.{} in {}: {}{} to {}{}",
                service.name(),
                method.name(),
                service.parent_file().name(),
                stream(method.is_client_streaming()),
                short(method.input().full_name()),
                stream(method.is_server_streaming()),
                short(method.output().full_name()),
            ));
        }
    }
    rows
}

#[test]
fn the_contract_is_the_pinned_one() {
    let rows: Vec<String> = rows().into_iter().collect();
    insta::assert_snapshot!("contract", rows.join("\n"));
}

#[test]
fn nineteen_files_hold_the_contract() {
    let files: BTreeSet<String> = pool()
        .files()
        .filter(|file| file.package_name() == PACKAGE)
        .map(|file| file.name().to_owned())
        .collect();
    assert_eq!(files.len(), 19, "{files:?}");
}

fn with_shape(shape: Shape) -> usize {
    HOOKS.iter().filter(|hook| hook.shape == shape).count()
}

#[test]
fn hooks_have_the_shapes_of_the_contract() {
    assert_eq!(HOOKS.len(), 42);
    let counts = [
        Shape::Notify,
        Shape::Fallible,
        Shape::Filter,
        Shape::Transform,
        Shape::Query,
        Shape::Stream,
    ]
    .map(with_shape);
    assert_eq!(counts, [20, 13, 6, 1, 1, 1]);
    assert_eq!(
        HOOKS
            .iter()
            .find(|hook| hook.shape == Shape::Stream)
            .map(|hook| hook.name),
        Some("ServeHTTP")
    );
}

#[test]
fn every_api_answer_carries_an_error_as_field_one() {
    assert_eq!(API.len(), 236);
    for method in API {
        assert!(
            method.has_error,
            "{} has no AppError error = 1",
            method.response
        );
        assert_eq!(
            (method.service, method.shape),
            (Service::Api, Shape::Api),
            "{}",
            method.name
        );
    }
}

#[test]
fn rows_agree_with_the_descriptor() {
    let services: Vec<_> = pool()
        .services()
        .filter(|service| service.package_name() == PACKAGE)
        .collect();
    let rows: Vec<&Method> = HOOKS.iter().chain(API).collect();
    let described: usize = services.iter().map(|service| service.methods().len()).sum();
    assert_eq!(rows.len(), described);
    for row in rows {
        let (service, name) = row.path[1..]
            .rsplit_once('/')
            .expect("a path has a service and a name");
        let service = services
            .iter()
            .find(|known| known.full_name() == service)
            .expect("the service is described");
        let method = service
            .methods()
            .nth(row.index)
            .expect("the index is within the service");
        assert_eq!(
            method.name(),
            name,
            "{} stands at another place in its service",
            row.path
        );
        assert_eq!(
            (method.input().full_name(), method.output().full_name()),
            (row.request, row.response)
        );
        assert_eq!(method.output().parent_file().name(), row.file);
    }
}
