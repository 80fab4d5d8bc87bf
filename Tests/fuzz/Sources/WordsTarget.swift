import ArgumentParser
import Glibc

@testable import CacheStore

/// Words of the command line: patterns for names, sizes, times and lists.
///
/// The first line of the input is the pattern, the rest is the name.
struct WordsTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let end = text.firstIndex(of: "\n") ?? text.endIndex
        let (pattern, name) = (String(text[..<end]), String(text[end...].dropFirst()))
        runGlob(pattern, name)
        runSizes(text)
        if let values = try? CommaList.values(text) {
            expect(values.joined(separator: ",") == text, "a list has other values")
        }
        if let seconds = try? PointInTime.seconds(text), let number = Int(text) {
            expect(seconds == number, "\(text) is read as \(seconds)")
        }
    }

    private func runGlob(_ pattern: String, _ name: String) {
        guard let glob = Glob(pattern) else { return }
        let found = glob.matches(name)
        // fnmatch(3) reads bytes here, takes classes such as `[:alpha:]`, and reads an open `[` as itself.
        let isASCII = (pattern + name).utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        if isASCII, !pattern.contains("[") {
            let expected = unsafe fnmatch(pattern, name, 0) == 0
            expect(found == expected, "`\(pattern)` and `\(name)`: \(found), and \(expected) by fnmatch(3)")
        }
        if pattern.utf8.count <= 24, name.utf8.count <= 24, !pattern.contains("[") {
            let expected = Self.matches(Array(pattern.unicodeScalars)[...], Array(name.unicodeScalars)[...])
            expect(found == expected, "`\(pattern)` and `\(name)`: \(found), and \(expected) by trying all")
        }
        if let all = Glob("*" + pattern), found { expect(all.matches("any" + name), "a `*` matches less") }
    }

    /// Matches a pattern without sets by trying everything.
    private static func matches(
        _ pattern: ArraySlice<Unicode.Scalar>,
        _ name: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        switch first {
        case "*":
            // Repeated stars match what one does; without this, many stars would take too long.
            let rest = pattern.drop { $0 == "*" }
            return (name.startIndex...name.endIndex).contains { matches(rest, name[$0...]) }
        case "?": return !name.isEmpty && matches(pattern.dropFirst(), name.dropFirst())
        case "\\":
            let literal = pattern.dropFirst()
            return literal.first == name.first && !name.isEmpty
                && matches(literal.dropFirst(), name.dropFirst())
        default: return name.first == first && matches(pattern.dropFirst(), name.dropFirst())
        }
    }

    private func runSizes(_ text: String) {
        guard let size = try? ByteSize.read(text) else { return }
        expect(size >= 1, "\(text) is \(size) bytes")
        expect((try? ByteSize.read("\(min(size, 999_999_999_999_999))B")) != nil, "\(size) bytes are no size")
        guard let value = Double(text.prefix { $0 == "." || $0.isNumber }) else { return }
        expect(Double(size) >= value.rounded(.down) * 0.999, "\(text) is \(size) bytes")
    }
}
