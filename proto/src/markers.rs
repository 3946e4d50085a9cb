//! Turns the rows that the build script reads off the descriptor into tables and types.

/// One service: its module name, package and name, then a row per method:
/// name, request type, response type, shape, `in_band` or `none`, file.
macro_rules! service {
    ($module:ident, $package:literal, $service:literal;
     $($name:ident, $request:ident, $response:ident, $shape:ident, $error:ident, $file:literal;)*) => {
        pub(crate) mod $module {
            use crate::method::{Method, Rpc, Service, Shape};

            #[derive(Clone, Copy)]
            enum Position { $($name),* }

            /// All methods in the order of the service.
            pub const METHODS: &[Method] = &[$($name::METHOD_ROW),*];

            $(
                #[doc = concat!("`", stringify!($name), "` of `", $service, "`.")]
                #[derive(Debug, Clone, Copy)]
                pub struct $name;

                impl $name {
                    const METHOD_ROW: Method = Method {
                        name: stringify!($name),
                        path: concat!("/", $package, ".", $service, "/", stringify!($name)),
                        service: crate::markers::service!(@service $module),
                        shape: Shape::$shape,
                        request: concat!($package, ".", stringify!($name), "Request"),
                        response: concat!($package, ".", stringify!($name), "Response"),
                        has_error: crate::markers::service!(@has_error $error),
                        file: $file,
                        index: Position::$name as usize,
                    };
                }

                impl Rpc for $name {
                    const METHOD: &'static Method = &Self::METHOD_ROW;
                    type Request = crate::pb::$request;
                    type Response = crate::pb::$response;
                }
            )*
        }
        $(crate::markers::service!(@error $error $response);)*
    };
    (@service hook) => { Service::Hooks };
    (@service api) => { Service::Api };
    (@has_error in_band) => { true };
    (@has_error none) => { false };
    (@error none $response:ident) => {};
    (@error in_band $response:ident) => {
        impl crate::method::InBandError for $response {
            fn in_band_error(&self) -> Option<&AppError> {
                self.error.as_ref()
            }

            fn from_error(error: AppError) -> Self {
                let mut answer = Self::default();
                answer.error = Some(error);
                answer
            }
        }
    };
}
pub(crate) use service;

/// A marker type per hook, `OnActivate` to `ServeHTTP`.
pub mod hook {
    pub use crate::pb::hook::*;
}

/// A marker type per API method.
pub mod api {
    pub use crate::pb::api::*;
}
