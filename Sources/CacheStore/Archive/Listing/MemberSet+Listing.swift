extension MemberSet {
    /// Calls `body` with each member in canonical order, with the number of its set of sources, and with its
    /// chunks.
    ///
    /// - Complexity: O(*n*).
    func forEachMember(_ body: (Member, _ sources: Int32, _ chunks: [UInt32]) throws -> Void) rethrows {
        var sets = sourceSets
        let labels = sources.map(\.label)
        func member(_ kind: Member.Kind, _ name: String, _ set: Int32, size: Int, stored: Int) -> Member {
            let sources = sets[set].map { labels[$0] }
            return Member(
                kind: kind,
                name: name,
                size: size,
                storedSize: stored,
                files: 1,
                detail: "",
                entryClass: nil,
                sources: sources
            )
        }
        let outputSources = sourcesOfOutputs(&sets)
        let classes = entryClasses()
        for (action, entryClass) in zip(actions, classes.actions) {
            // Its file has 175 bytes; the index holds its ID and two numbers.
            var entry = member(
                .action,
                action.id.description,
                action.sources,
                size: ActionEntry.byteCount,
                stored: 36
            )
            entry.detail = action.output.description
            entry.entryClass = entryClass
            try body(entry, action.sources, [])
        }
        for (index, (output, sources)) in zip(outputs, outputSources).enumerated() {
            let numbers = output.chunks.numbers
            var entry = member(
                .output,
                output.id.description,
                sources,
                size: output.size,
                stored: stored(numbers)
            )
            entry.detail = output.executable ?? ""
            entry.entryClass = classes.outputs[index]
            try body(entry, sources, numbers)
        }
        for tree in trees {
            let numbers = [tree.manifest] + tree.chunks.numbers
            var entry = member(
                .tree,
                tree.module.text,
                tree.sources,
                size: tree.size,
                stored: stored(numbers)
            )
            entry.files = tree.files
            entry.detail = ModuleHash.text(of: tree.h1)
            try body(entry, tree.sources, numbers)
        }
        for download in downloads {
            let (kind, module, sources) = (download.kind.memberKind, download.module.text, download.sources)
            switch download.content {
            case .bytes(let bytes):
                try body(member(kind, module, sources, size: bytes.count, stored: bytes.count), sources, [])
            case .derived:
                var entry = member(kind, module, sources, size: 0, stored: 0)
                entry.files = 0
                try body(entry, sources, [])
            case .stored(_, let size, let chunks):
                let numbers = chunks.numbers
                try body(member(kind, module, sources, size: size, stored: stored(numbers)), sources, numbers)
            }
        }
        for file in checksumFiles {
            let count = file.bytes.count
            try body(member(.checksum, file.path, file.sources, size: count, stored: count), file.sources, [])
        }
    }

    /// The class of each action entry, and of each output: that of the first entry that refers to it.
    func entryClasses() -> (actions: [EntryClass], outputs: [EntryClass]) {
        let positions = actions.map { outputIndex(of: $0.output) ?? 0 }
        let classes = EntryClassifier.classes(of: Array(actions.indices), id: { actions[$0].id }) {
            (outputs[positions[$0]].contentClass, outputs[positions[$0]].size)
        }
        var ofOutputs = outputs.map(\.contentClass)
        for (position, entryClass) in zip(positions, classes).reversed() { ofOutputs[position] = entryClass }
        return (classes, ofOutputs)
    }

    /// The sources of each output: of the action entries that refer to it.
    private func sourcesOfOutputs(_ sets: inout SourceSets) -> [Int32] {
        var result = [Int32?](repeating: nil, count: outputs.count)
        for action in actions {
            guard let index = outputIndex(of: action.output) else { continue }
            result[index] = result[index].map { sets.union($0, action.sources) } ?? action.sources
        }
        let empty = sets.number(of: [])
        return result.map { $0 ?? empty }
    }

    /// The length of the frames of chunks, in bytes.
    private func stored(_ numbers: [UInt32]) -> Int { numbers.reduce(0) { $0 + chunks[Int($1)].stored } }
}

extension MemberSet.DownloadKind {
    /// The kind of member that a listing shows.
    var memberKind: Member.Kind {
        switch self {
        case .info: .info
        case .mod: .mod
        case .zip: .zip
        case .ziphash: .ziphash
        }
    }
}

extension ArchiveTotals {
    /// Counts the members of a set.
    init(of set: MemberSet, fileBytes: Int) {
        var isCounted = [Bool](repeating: false, count: set.chunks.count)
        set.forEachMember { member, _, numbers in
            var stored = numbers.isEmpty ? member.storedSize : 0
            for number in numbers where !isCounted[Int(number)] {
                isCounted[Int(number)] = true
                stored += set.chunks[Int(number)].stored
            }
            let tally = Tally(members: 1, files: member.files, rawBytes: member.size, storedBytes: stored)
            all += tally
            byKind[member.kind, default: Tally()] += tally
            if let entryClass = member.entryClass { byClass[entryClass, default: Tally()] += tally }
            for label in member.sources { bySource[label, default: Tally()] += tally }
            if member.sources.count == 1 {
                uniqueBySource[member.sources[0], default: Tally()] += tally
            } else if member.sources.count > 1 {
                shared += tally
            }
        }
        chunks = set.chunks.count
        frameBytes = set.frameBytes
        self.fileBytes = fileBytes
    }
}

extension ArchiveTotals.Tally {
    /// The tally of one file of a cache.
    static func file(of size: Int) -> Self { Self(members: 1, files: 1, rawBytes: size, storedBytes: 0) }

    static func += (lhs: inout Self, rhs: Self) {
        lhs.members += rhs.members
        lhs.files += rhs.files
        lhs.rawBytes += rhs.rawBytes
        lhs.storedBytes += rhs.storedBytes
    }
}
