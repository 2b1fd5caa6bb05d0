//! Protocol-buffer messages, as far as event files need them: written, never read.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// An encoded message, built field by field.
#[derive(Debug, Default, Clone)]
pub(super) struct Message(Vec<u8>);

/// How the value that follows a key is to be read.
#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
    Fixed32 = 5,
}

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// `int64`, `int32` of a value that is not negative, `bool` or an enum.
    pub(super) fn integer(mut self, field: u32, value: u64) -> Self {
        self.key(field, WireType::Varint);
        self.varint(value);
        self
    }

    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, WireType::Fixed64);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, WireType::Fixed32);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(super) fn message(self, field: u32, value: Message) -> Self {
        self.bytes(field, &value.0)
    }

    fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, WireType::Delimited);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn key(&mut self, field: u32, wire_type: WireType) {
        self.varint(u64::from(field) << 3 | wire_type as u64);
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_encodes_the_examples_of_the_specification() {
        let integer = Message::new().integer(1, 150);
        assert_eq!(integer.0, [0x08, 0x96, 0x01]);
        let text = Message::new().text(2, "testing");
        assert_eq!(
            text.0,
            [0x12, 0x07, b't', b'e', b's', b't', b'i', b'n', b'g']
        );
        let message = Message::new().message(3, integer);
        assert_eq!(message.0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn it_encodes_the_ends_of_the_ranges() {
        let largest = Message::new().integer(16, u64::MAX).into_bytes();
        assert_eq!(largest[..2], [0x80, 0x01]);
        assert_eq!(
            largest[2..],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
        );
        assert_eq!(Message::new().float(2, 1.0).0, [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(
            Message::new().double(1, 1.0).0,
            [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
        );
    }
}
