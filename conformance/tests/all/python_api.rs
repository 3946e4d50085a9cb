//! All methods of the API, called by a real Python plugin in our host, plain and awaited.

mod caller;
mod doors;
mod large;
mod memory;
mod scripted;
