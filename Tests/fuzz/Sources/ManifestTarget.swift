@testable import CacheStore

/// The manifest of a module tree: an accepted text is the only text of its manifest.
struct ManifestTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard let manifest = try? TreeManifest(text: bytes.span) else { return }
        expect(manifest.text == bytes, "the manifest has another text than the one that was read")
        expect((try? TreeManifest(manifest.entries)) == manifest, "its files make another manifest")
        expect(manifest.size == manifest.entries.reduce(0) { $0 + $1.size }, "its size is no sum")
        for offset in [0, manifest.size / 2, manifest.size] {
            let (entry, done) = manifest.position(at: offset)
            let before = manifest.entries[..<entry].reduce(0) { $0 + $1.size }
            expect(before + done == offset, "byte \(offset) has a wrong position")
        }
        for entry in manifest.entries {
            let elements = entry.path.split(separator: "/", omittingEmptySubsequences: false)
            expect(!elements.contains { ["", ".", ".."].contains($0) }, "`\(entry.path)` leads elsewhere")
        }
    }
}
