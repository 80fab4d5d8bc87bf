import SystemPackage

@testable import CacheStore

/// An image layout, as the base of an image with the caches of an archive.
///
/// The input is a sequence of documents with lines `%%` between them: `index.json`, then blobs. In a
/// document, `@3` stands for the digest and the size of the third blob, which must come later.
struct LayoutTarget: FuzzTarget {
    private let scratch: Scratch
    private let archive: [UInt8]

    init() throws {
        scratch = try Scratch()
        archive = try ArchiveParts(base: "two").sealed
    }

    func run(_ bytes: [UInt8]) {
        scratch.clear()
        var documents = Self.documents(in: bytes)
        for number in documents.indices.dropFirst().reversed() {
            documents[number] = Self.resolved(documents[number], documents, after: number)
            let id = digest(documents[number])
            _ = scratch.write(documents[number], to: "base/blobs/sha256/\(id)")
        }
        documents[0] = Self.resolved(documents[0], documents, after: 0)
        let layout = scratch.write(documents[0], to: "base/index.json").removingLastComponent()
        for tag in [nil, "latest"] {
            let base = Layers.Options.BaseReference(layout: layout, tag: tag)
            do {
                let image = try BaseImage(base, platform: ImagePlatform(argument: "amd64"))
                expect(image.layers.allSatisfy { $0.size >= 0 }, "a layer has a size below 0")
                try build(on: base)
            } catch {
                expectFaultOfData(error, "the base", or: [.notFound, .badArgument, .exists])
                expect(!scratch.names().contains("image"), "an image is left")
            }
        }
        let strays = scratch.names().filter { !["archive", "base"].contains($0) }
        expect(strays.isEmpty, "\(strays) are left")
    }

    /// Builds an image on the base, and reads the image again as a base of its own.
    private func build(on base: Layers.Options.BaseReference) throws {
        let path = scratch.write(archive, to: "archive")
        let output = scratch.root.appending("image")
        var options = Layers.Options()
        (options.jobs, options.level, options.architecture, options.base) = (1, 1, "amd64", base)
        let layers = Layers(options: options)
        _ = try blocking { try await layers.run(Archive(opening: path), to: output) }
        do {
            _ = try BaseImage(Layers.Options.BaseReference(layout: output), platform: nil)
            try Directory(opening: scratch.root).removeAll("image")
        } catch {
            fail("the image that was made is no base: \(error)")
        }
    }

    private static func documents(in bytes: [UInt8]) -> [[UInt8]] {
        var (documents, rest) = ([[UInt8]](), bytes[...])
        let mark = Array("\n%%\n".utf8)
        while documents.count < 15, let range = rest.firstRange(of: mark) {
            documents.append(Array(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return documents + [Array(rest)]
    }

    /// Puts digests and sizes in the places that refer to later documents.
    private static func resolved(_ document: [UInt8], _ all: [[UInt8]], after number: Int) -> [UInt8] {
        var (result, position) = ([UInt8](), 0)
        while position < document.count {
            defer { position += 1 }
            let digit = position + 1 < document.count ? Int(document[position + 1]) - 0x30 : -1
            guard document[position] == UInt8(ascii: "@"), digit > number, digit < min(10, all.count) else {
                result.append(document[position])
                continue
            }
            let id = digest(all[digit])
            result += Array(#""digest":"sha256:\#(id)","size":\#(all[digit].count)"#.utf8)
            position += 1
        }
        return result
    }
}
