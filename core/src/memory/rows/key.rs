//! Keys of rows: texts, numbers, and several of them. As bytes, two keys are the same only if they are the same. Pure.

use std::fmt::Debug;

/// By what a row is found.
pub(in crate::memory) trait Key: Ord + Clone + Debug + Send {
    /// As bytes, after what is there already.
    fn write(&self, bytes: &mut Vec<u8>);

    /// As bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

impl Key for String {
    /// The length comes first, so that no key is the beginning of another.
    fn write(&self, bytes: &mut Vec<u8>) {
        let length = u64::try_from(self.len()).unwrap_or(u64::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(self.as_bytes());
    }
}

impl Key for u64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_be_bytes());
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.write(bytes);
        self.1.write(bytes);
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.write(bytes);
        self.1.write(bytes);
        self.2.write(bytes);
    }
}
