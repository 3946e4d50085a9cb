//! One row per method of the two Mattermost services, handed to the macro `service!` of `src/markers.rs`.

use std::collections::HashMap;
use std::fmt::Write as _;

use prost_build::{Method, Service, ServiceGenerator};
use prost_types::{DescriptorProto, FileDescriptorSet};

/// Package of the services that get rows; go-plugin's own three do not.
const PACKAGE: &str = "mattermost.pluginapi.v1";

pub(crate) struct Rows {
    /// Full name of a message, with its leading dot, to its definition and the file it stands in.
    messages: HashMap<String, (DescriptorProto, String)>,
}

impl Rows {
    pub(crate) fn new(set: &FileDescriptorSet) -> Self {
        let mut messages = HashMap::new();
        for file in &set.file {
            for message in &file.message_type {
                let name = format!(".{}.{}", file.package(), message.name());
                messages.insert(name, (message.clone(), file.name().to_owned()));
            }
        }
        Self { messages }
    }

    fn has_field(&self, message: &str, name: &str) -> bool {
        self.messages[message]
            .0
            .field
            .iter()
            .any(|field| field.name() == name)
    }

    /// Field 1 of the answer is `AppError error`.
    fn has_error(&self, message: &str) -> bool {
        let error = format!(".{PACKAGE}.AppError");
        let is_error = |field: &prost_types::FieldDescriptorProto| {
            field.number() == 1 && field.name() == "error" && field.type_name() == error
        };
        self.messages[message].0.field.iter().any(is_error)
    }

    fn shape(&self, service: &str, method: &Method) -> &'static str {
        let answer = method.output_proto_type.as_str();
        if service == "PluginAPI" {
            "Api"
        } else if method.server_streaming {
            "Stream"
        } else if self.messages[answer].0.field.is_empty() {
            "Notify"
        } else if self.has_error(answer) {
            "Fallible"
        } else if self.has_field(answer, "rejection_reason") {
            "Filter"
        } else if self.messages[answer].0.field[0].type_name().is_empty() {
            "Query"
        } else {
            "Transform"
        }
    }
}

impl ServiceGenerator for Rows {
    fn generate(&mut self, service: Service, out: &mut String) {
        if service.package != PACKAGE {
            return;
        }
        let module = if service.proto_name == "PluginHooks" {
            "hook"
        } else {
            "api"
        };
        let row = |method: &Method| {
            let (_, file) = &self.messages[&method.output_proto_type];
            format!(
                "    {name}, {request}, {response}, {shape}, {error}, {file:?};",
                name = method.proto_name,
                request = method.input_type,
                response = method.output_type,
                shape = self.shape(&service.proto_name, method),
                error = if self.has_error(&method.output_proto_type) {
                    "in_band"
                } else {
                    "none"
                },
            )
        };
        let rows: Vec<String> = service.methods.iter().map(row).collect();
        writeln!(
            out,
            "crate::markers::service! {{\n    {module}, {PACKAGE:?}, {:?};\n{}\n}}",
            service.proto_name,
            rows.join("\n")
        )
        .expect("writing to a string does not fail");
    }
}
