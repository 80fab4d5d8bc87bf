import SystemPackage

/// The choice of members by patterns, and the reading of those that they keep.
extension PackOperation {
    /// Reads the names of the compiled packages among outputs, without checking their content.
    ///
    /// An output that can't be read has no name. So it counts as kept, and reading it finds its fault. The
    /// names of outputs that a base has come from GOCACHE as well: they decide about no content, only about
    /// the texts and lists that Go derives from a package.
    ///
    /// - Parameters:
    ///   - outputs: The outputs.
    ///   - root: GOCACHE.
    /// - Returns: The names.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    func names(of outputs: [BuildCacheScan.Output], in root: FileTree) async throws -> SelectionNames {
        let packages = outputs.filter { [.package, .main].contains($0.contentClass) }
        counters.begin(
            "reading packages",
            bytes: packages.reduce(0) { $0 + $1.size },
            items: packages.count
        )
        let found = Gathered<[ObjectID: CompiledPackage]>([:])
        let counters = counters
        try await WorkerThreads.forEach(below: packages.count, threads: threads, state: { () }) {
            _,
            index,
            cancellation in
            let output = packages[index]
            do {
                let content = ContentFile.file(output.file, in: root)
                let package = try CompiledPackage.read(from: content, size: output.size) {
                    try cancellation.check()
                }
                if let package { found.update { $0[output.id] = package } }
            } catch let error as CacheStoreError where !error.isOfMachine || output.isUnread {
                // Reading the whole output finds its faults.
            }
            counters.add(bytes: output.size)
        }
        return SelectionNames(found.value)
    }

    /// Reads the outputs that patterns keep.
    ///
    /// What turns out to be damaged is no member, and the patterns then choose from the others. So this goes
    /// on until they keep nothing that has not been read.
    ///
    /// - Parameters:
    ///   - patterns: The patterns, whose choice ends here.
    ///   - assembly: The pack, with all of its members.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    func readOutputs(keptBy patterns: inout PackPatterns, into assembly: inout PackAssembly) async throws {
        if options.rechecks {
            let missing = try await check(Set(assembly.frameOrder), of: assembly)
            assembly.drop(missing, caches: caches)
        }
        while true {
            let (whole, choice) = (assembly.identified().set, patterns)
            let part = try await WorkerThreads.performCancellable { cancellation in
                try choice.part(of: whole) { try cancellation.check() }.set
            }
            let kept = part.outputs.map(\.id).filter { assembly.pending[$0] != nil }
            if kept.isEmpty { return patterns.settle(for: part.actions) }
            try await readOutputs(Set(kept), into: &assembly)
        }
    }

    /// The members of a pack, and those of them that are written.
    struct Outcome: Sendable {
        /// The members of the whole pack.
        var whole: MemberSet
        /// The members that the patterns keep.
        var part: MemberSet
        /// The members that are written: of these, those that the bases lack.
        var set: MemberSet
        /// The chunks of the members that are written, in the order of their frames.
        var order: [ChunkNumber]
        /// The digest of the archive.
        var digest: ObjectID
        /// The members that the patterns exclude, in figures.
        var excluded = Pack.Excluded()
        /// Warnings about patterns that match nothing.
        var warnings: [Warning] = []
    }

    /// Returns the members of a pack in its present state.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/conflict`` for bases that can't be
    ///   subtracted.
    func outcome(of found: Findings) throws -> Outcome {
        let (whole, wholeDigest) = found.assembly.identified()
        var (part, warnings, excluded) = (whole, [Warning](), Pack.Excluded())
        if let patterns = found.patterns {
            (part, warnings) = try patterns.part(of: whole) {}
            excluded = Pack.Excluded(whole, leaving: part, patterns.names)
        }
        let (set, order) = try found.bases.lacking(of: part)
        return Outcome(
            whole: whole,
            part: part,
            set: set,
            order: order,
            digest: options.bases.isEmpty && found.patterns == nil ? wholeDigest : set.digest,
            excluded: excluded,
            warnings: warnings
        )
    }
}
