/// The members of a set in canonical order, each with the numbers from which figures are computed.
struct MemberListing: Sequence, Sendable {
    /// A member of the listing.
    struct Element {
        var member: Member
        /// The set of sources that hold the member, in ``MemberListing/sourceSets``.
        var sources: SourceSetNumber
        /// The chunks that hold the content, or none if the index holds it.
        var chunks: [ChunkNumber]
    }

    private let set: MemberSet
    private let outputSources: [SourceSetNumber]
    private let classes: (actions: [EntryClass], outputs: [EntryClass])

    /// The sets of sources that the elements name.
    let sourceSets: SourceSets

    /// Creates the listing of a set.
    ///
    /// - Complexity: O(*n*).
    init(_ set: MemberSet) {
        var sets = set.sourceSets
        outputSources = set.sourcesOfOutputs(&sets)
        sourceSets = sets
        classes = set.entryClasses()
        self.set = set
    }

    /// Returns an iterator that begins with the first member.
    func makeIterator() -> Iterator { Iterator(self) }

    /// An iterator over a listing.
    struct Iterator: IteratorProtocol {
        private let listing: MemberListing
        private var position = 0

        fileprivate init(_ listing: MemberListing) { self.listing = listing }

        /// Returns the next member, or `nil` after the last.
        mutating func next() -> Element? {
            defer { position += 1 }
            return listing.element(at: position)
        }
    }

    // MARK: - Elements

    /// Returns the element at a position among all members, or `nil` after the last.
    private func element(at position: Int) -> Element? {
        var rest = position
        if rest < set.actions.count { return action(rest) }
        rest -= set.actions.count
        if rest < set.outputs.count { return output(rest) }
        rest -= set.outputs.count
        if rest < set.trees.count { return tree(set.trees[rest]) }
        rest -= set.trees.count
        if rest < set.downloads.count { return download(set.downloads[rest]) }
        rest -= set.downloads.count
        return rest < set.checksumFiles.count ? checksumFile(set.checksumFiles[rest]) : nil
    }

    private func element(
        _ kind: Member.Kind,
        _ name: String,
        _ sources: SourceSetNumber,
        contentBytes: Int,
        storedBytes: Int? = nil,
        chunks: [ChunkNumber] = []
    ) -> Element {
        let member = Member(
            kind: kind,
            name: name,
            contentBytes: contentBytes,
            storedBytes: storedBytes ?? chunks.reduce(0) { $0 + set.chunks[$1].storedBytes },
            files: 1,
            detail: "",
            entryClass: nil,
            sources: sourceSets[sources].map { set.sources[$0].label }
        )
        return Element(member: member, sources: sources, chunks: chunks)
    }

    private func action(_ index: Int) -> Element {
        let action = set.actions[index]
        // The entry's file has 175 bytes; the index holds the entry's ID and two numbers.
        var element = element(
            .action,
            action.id.description,
            action.sources,
            contentBytes: ActionEntry.byteCount,
            storedBytes: ActionEntry.storedBytes
        )
        element.member.detail = action.output.description
        element.member.entryClass = classes.actions[index]
        return element
    }

    private func output(_ index: Int) -> Element {
        let output = set.outputs[index]
        var element = element(
            .output,
            output.id.description,
            outputSources[index],
            contentBytes: output.size,
            chunks: output.chunks.numbers
        )
        element.member.detail = output.executable ?? ""
        element.member.entryClass = classes.outputs[index]
        return element
    }

    private func tree(_ tree: MemberSet.Tree) -> Element {
        var element = element(
            .tree,
            tree.module.text,
            tree.sources,
            contentBytes: tree.size,
            chunks: tree.manifest.numbers + tree.chunks.numbers
        )
        element.member.files = tree.files
        element.member.detail = ModuleHash.text(of: tree.h1)
        return element
    }

    private func download(_ download: MemberSet.Download) -> Element {
        let (kind, module) = (download.kind.memberKind, download.module.text)
        switch download.content {
        case .bytes(let bytes):
            return element(
                kind,
                module,
                download.sources,
                contentBytes: bytes.count,
                storedBytes: bytes.count
            )
        case .derived:
            var element = element(kind, module, download.sources, contentBytes: 0)
            element.member.files = 0
            return element
        case .stored(_, let size, let chunks):
            return element(kind, module, download.sources, contentBytes: size, chunks: chunks.numbers)
        }
    }

    private func checksumFile(_ file: MemberSet.ChecksumFile) -> Element {
        let count = file.bytes.count
        return element(.checksum, file.path, file.sources, contentBytes: count, storedBytes: count)
    }
}

extension MemberSet {
    /// Returns the class of each action entry and of each output.
    ///
    /// An output has the class of the first entry that refers to it.
    func entryClasses() -> (actions: [EntryClass], outputs: [EntryClass]) {
        let numbers = actions.map { outputNumber(of: $0.output) ?? OutputNumber(0) }
        let classes = EntryClassifier.classes(of: Array(actions.indices), id: { actions[$0].id }) {
            (outputs[numbers[$0]].contentClass, outputs[numbers[$0]].size)
        }
        var ofOutputs = outputs.map(\.contentClass)
        for (number, entryClass) in zip(numbers, classes).reversed() { ofOutputs[number] = entryClass }
        return (classes, ofOutputs)
    }
}

extension ArchiveTotals {
    /// Counts the members of a set.
    init(of set: MemberSet, fileBytes: Int) {
        var sheet = TallySheet()
        var uses = ChunkTally(of: set)
        let listing = MemberListing(set)
        for element in listing {
            sheet.add(
                element.member.kind,
                element.member.entryClass,
                sources: element.sources,
                files: element.member.files,
                contentBytes: element.member.contentBytes,
                storedBytes: uses.storedBytes(of: element)
            )
        }
        self = sheet.totals(
            of: set.sources,
            listing.sourceSets,
            chunks: set.chunks.count,
            frameBytes: set.frameBytes,
            fileBytes: fileBytes
        )
    }
}
