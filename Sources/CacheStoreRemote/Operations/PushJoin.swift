import CacheStore

/// The making of an artifact that uses the frames of another one again.
///
/// The artifact consists of the layers of the other one that are of use, a layer with the frames that no
/// layer has, and the trailer of the archive. An ``ArtifactAssembly`` tells where each frame lies.
struct PushJoin: Sendable {
    let archive: Archive

    /// The artifact that has nothing but the whole archive.
    let whole: Push.Content

    let options: Push.Options

    /// A frame in a layer of the other artifact.
    private struct Place {
        var layer: Int
        var offset: Int
    }

    /// Makes the artifact.
    ///
    /// - Parameters:
    ///   - registry: The repository.
    ///   - reference: The other artifact.
    ///   - client: The client to use.
    ///   - counters: The counters to add to.
    /// - Returns: The artifact, or the reason for sending the whole archive.
    /// - Throws: As ``Push/run(_:to:client:progress:)`` does.
    func run(
        in registry: Registry,
        _ reference: RegistryAddress.Reference,
        _ client: RemoteClient,
        _ counters: ProgressCounters
    ) async throws -> Result<Push.Content, Push.WholeReason> {
        counters.begin("comparing frames", bytes: 0, items: 0)
        let name = registry.address.with(reference).description
        let old: ArtifactManifest
        do {
            old = try ArtifactManifest(try await registry.manifest(reference), name: name)
        } catch let error as CacheStoreError where error.code == .notFound {
            return .failure(.absent)
        }
        // A layer that is the archive needs no list of pieces.
        let layer = whole.manifest.layers[0]
        if old.layers.contains(where: { $0.digest == layer.digest }) { return .success(whole) }
        let places = try await places(
            old,
            in: registry,
            RemoteArchives(client: client, scratch: options.scratch),
            name
        )
        let frames = try await archive.storedFrames()
        var rest: [StoredFrame] = []
        var (restBytes, used) = (0, Set<Int>())
        for frame in frames {
            if let place = places[frame.identity] {
                used.insert(place.layer)
            } else {
                rest.append(frame)
                restBytes += frame.range.count
            }
        }
        let kept = old.layers.indices.filter { used.contains($0) }
        let keptBytes = kept.reduce(0) { $0 + old.layers[$1].byteCount }
        guard restBytes < archive.frameByteCount / 10 * 9 else { return .failure(.noGain) }
        guard kept.count + 2 <= options.mostLayers else { return .failure(.layers) }
        guard keptBytes + restBytes <= 2 * archive.fileBytes else { return .failure(.deadFrames) }

        let file = try archive.file()
        var content = Push.Content(manifest: ArtifactManifest(layers: kept.map { old.layers[$0] }))
        content.archiveDigests = [layer.archiveDigest].compactMap(\.self)
        let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        if restBytes > 0 {
            let part = try PieceFile(
                named: file.name,
                of: [file],
                rest.map { .init(file: 0, range: $0.range) }
            )
            add(.frames, part, try await archive.checkedDigest(of: rest), to: &content)
        }
        let tail = PieceFile.Piece(file: 0, range: archive.frameByteCount..<archive.fileBytes)
        let part = try PieceFile(named: file.name, of: [file], [tail])
        add(.trailer, part, try await part.digest(), to: &content)

        var assembly = ArtifactAssembly()
        var position = 0
        for frame in frames {
            if let place = places[frame.identity], let number = numbers[place.layer] {
                assembly.append(.init(layer: number, range: place.offset..<place.offset + frame.range.count))
            } else {
                assembly.append(.init(layer: kept.count, range: position..<position + frame.range.count))
                position += frame.range.count
            }
        }
        let last = content.manifest.layers.count - 1
        assembly.append(.init(layer: last, range: 0..<tail.range.count))
        let blob = MemoryBlob(name: "the list of pieces", bytes: assembly.bytes)
        guard blob.byteCount <= ArtifactAssembly.longest else { return .failure(.pieces) }
        let digest = try await blob.digest()
        content.blobs[digest] = blob
        content.manifest.assembly = .init(digest: digest, byteCount: blob.byteCount)
        return .success(content)
    }

    /// Adds a layer that is made of pieces of the archive.
    private func add(
        _ kind: ArtifactManifest.Kind,
        _ part: PieceFile,
        _ digest: ObjectID,
        to content: inout Push.Content
    ) {
        content.blobs[digest] = part
        var layer = ArtifactManifest.Layer(kind, digest: digest, byteCount: part.byteCount)
        if kind == .trailer {
            // It tells what the archive is, as the archive's own layer would.
            layer = whole.manifest.layers[0]
            (layer.kind, layer.digest, layer.byteCount) = (kind, digest, part.byteCount)
            layer.title = layer.title.map { "\($0).trailer" }
        }
        content.manifest.layers.append(layer)
    }

    /// Finds the frames of the other artifact.
    private func places(
        _ old: ArtifactManifest,
        in registry: Registry,
        _ archives: RemoteArchives,
        _ name: String
    ) async throws -> [StoredFrame.Identity: Place] {
        var places: [StoredFrame.Identity: Place] = [:]
        if old.assembly != nil {
            let whole = try await archives.open(old, in: registry, named: name)
            let assembly = try await archives.assembly(of: old, in: registry, named: name)
            var pieces = assembly.pieces[...]
            var start = 0
            for frame in try await whole.storedFrames() {
                while let piece = pieces.first, start + piece.range.count <= frame.range.lowerBound {
                    start += piece.range.count
                    pieces.removeFirst()
                }
                // A frame that lies across pieces is none that this program has written.
                // Nor is one in a trailer, which is not kept.
                guard let piece = pieces.first, frame.range.upperBound <= start + piece.range.count,
                    old.layers[piece.layer].kind != .trailer
                else { continue }
                let offset = piece.range.lowerBound + frame.range.lowerBound - start
                places[frame.identity] = Place(layer: piece.layer, offset: offset)
            }
            return places
        }
        for (number, layer) in old.layers.enumerated() {
            let archive = try await archives.open(layer, in: registry, named: name)
            for frame in try await archive.storedFrames() where places[frame.identity] == nil {
                places[frame.identity] = Place(layer: number, offset: frame.range.lowerBound)
            }
        }
        return places
    }
}
