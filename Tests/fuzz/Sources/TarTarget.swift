@testable import CacheStore

/// Tar streams: the members do not depend on the pieces in which a stream arrives.
struct TarTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        let whole = Self.entries(of: bytes, pieces: bytes.count)
        let pieces = Self.entries(of: bytes, pieces: 1 + bytes.count % 700)
        expect(whole.entries == pieces.entries, "pieces of a stream have other members")
        expect(whole.fault == pieces.fault, "pieces of a stream have another fault")
        for entry in whole.entries {
            expect(entry.path.utf8.count <= 4096, "a path has \(entry.path.utf8.count) bytes")
            expect(entry.mode <= 0o7777, "a mode is \(entry.mode)")
            if case .symbolicLink(let target) = entry.kind {
                expect(target.utf8.count <= 4096, "the target of a link has \(target.utf8.count) bytes")
            }
        }
        Self.checkTree(whole.entries)
        Self.checkWriter(whole.entries)
    }

    /// Reads a stream in pieces of one length.
    private static func entries(
        of bytes: [UInt8],
        pieces: Int
    ) -> (entries: [TarEntry], fault: String?) {
        var (reader, entries, position) = (TarReader(), [TarEntry](), 0)
        do {
            while position < bytes.count {
                let end = min(bytes.count, position + max(1, pieces))
                try reader.append(bytes.span.extracting(position..<end)) { entries.append($0) }
                position = end
            }
        } catch let fault as TarReader.Fault {
            return (entries, fault.description)
        } catch {
            fail("a tar stream: \(error)")
        }
        return (entries, reader.isWhole ? nil : "cut short")
    }

    /// Unpacks the members over each other, as two layers, and looks all of them up.
    static func checkTree(_ entries: [TarEntry]) {
        var tree = BaseTree()
        do {
            try tree.apply(entries)
            try tree.apply(Array(entries.reversed()))
        } catch {
            return
        }
        for entry in entries.prefix(64) {
            do throws(BaseTree.Obstacle) {
                let place = try tree.resolve(entry.path)
                expect(!place.split(separator: "/").contains(".."), "`\(entry.path)` is at `\(place)`")
                _ = try tree.attributes(at: entry.path)
            } catch {
                continue
            }
            _ = (tree.names(in: entry.path), tree.isThere(entry.path))
            _ = tree.strays(in: entry.path, besides: ["a"])
            _ = tree.directories(in: entry.path) { $0.utf8.count < 2 }
        }
    }

    /// Writes a header for each member, as layers have them, and reads all of them again.
    private static func checkWriter(_ entries: [TarEntry]) {
        var (stream, written) = ([UInt8](), [TarEntry]())
        for entry in entries.prefix(64) where !entry.path.isEmpty && !entry.path.utf8.contains(0) {
            var kind = TarHeader.Kind.file(0)
            switch entry.kind {
            case .directory: kind = .directory
            case .symbolicLink(let target) where !target.isEmpty && !target.utf8.contains(0):
                kind = .link(to: target)
            default: break
            }
            guard entry.path.utf8.last != UInt8(ascii: "/") else { continue }
            let owner = entry.owner
            var header = TarHeader(path: entry.path, kind: kind, mode: entry.mode, time: 0, owner: owner)
            header.extendedAttributes = entry.extendedAttributes
            header.append(to: &stream)
            written.append(entry)
        }
        let again = Self.entries(of: stream, pieces: stream.count)
        expect(again.fault == nil, "headers that were written: \(again.fault ?? "")")
        expect(again.entries.count == written.count, "headers that were written are not \(written.count)")
        for (entry, other) in zip(written, again.entries) {
            let path = other.path.utf8.last == UInt8(ascii: "/") ? String(other.path.dropLast()) : other.path
            expect(path == entry.path, "`\(entry.path)` is read as `\(path)`")
            expect(other.mode == entry.mode, "the mode \(entry.mode) is read as \(other.mode)")
        }
    }
}
