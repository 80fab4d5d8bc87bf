/// Values by the names of files, which are compared as bytes.
///
/// Swift takes some strings for equal that a file system distinguishes, as names with composed and decomposed
/// accents.
struct FileNames<Value: Sendable>: Sendable {
    /// A name that is compared as bytes.
    private struct Name: Hashable {
        let text: String

        static func == (one: Name, other: Name) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

        func hash(into hasher: inout Hasher) {
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }

    private var values: [Name: Value] = [:]

    /// The value of a name; `nil` if it has none.
    subscript(name: String) -> Value? {
        get { values[Name(text: name)] }
        set { values[Name(text: name)] = newValue }
    }

    /// The names, in no order.
    var names: [String] { values.keys.map(\.text) }
}

extension FileNames: Sequence {
    func makeIterator() -> some IteratorProtocol<(String, Value)> {
        values.lazy.map { ($0.key.text, $0.value) }.makeIterator()
    }
}
