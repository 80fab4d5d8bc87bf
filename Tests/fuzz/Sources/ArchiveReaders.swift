import SystemPackage

@testable import CacheStore

/// All that reads members of an archive without writing anything: listings, figures, single members, plans.
enum ArchiveReaders {
    /// Reads an archive in all ways.
    ///
    /// - Returns: Whether the index was accepted.
    @discardableResult
    static func run(_ path: FilePath, _ scratch: Scratch) -> Bool {
        let archive: Archive
        do {
            archive = try Archive(opening: path)
        } catch {
            expectFaultOfData(error, "opening")
            return false
        }
        let listed = Result { try archive.members() }
        let counted = Result { try blocking { try await archive.summary() } }
        switch (listed, counted) {
        case (.failure(let error), .failure(let other)):
            expectFaultOfData(error, "the listing")
            expectFaultOfData(other, "the figures")
            readSingles(archive, names: [])
            return false
        case (.failure(let error), .success): fail("the listing fails, and the figures do not: \(error)")
        case (.success, .failure(let error)): fail("the figures fail, and the listing does not: \(error)")
        case (.success(let (set, digest)), .success(let summary)):
            expect(summary.digest == digest, "the figures have another digest")
            expect(ArchiveTotals(of: set, fileBytes: archive.fileBytes) == summary.totals, "other figures")
            let contents = ArchiveContents(archive: archive, set: set, digest: digest)
            let members = Array(contents.members)
            expect(members.count == summary.totals.all.members, "\(members.count) members are listed")
            checkRewriting(contents, beside: path)
            _ = Compatibility.findings(for: set.sources, at: GoEnvironment())
            _ = Compatibility.warnings(among: set.sources)
            readSingles(archive, names: members.map { ($0.kind, $0.name) })
            for tree in set.trees {
                do {
                    _ = try blocking { try await contents.files(ofTree: tree.module.text) }
                } catch {
                    expectFaultOfData(error, "the files of a tree")
                }
            }
            return true
        }
    }

    /// Writes the index of the members again, which must then list the same members.
    private static func checkRewriting(_ contents: ArchiveContents, beside path: FilePath) {
        do {
            let set = contents.set
            let written = try IndexWriter.write(set, digest: contents.digest, beside: path)
            let again = try written.reader().members()
            expect(again.digest == set.digest, "an index that is written again has other members")
            let other = ArchiveContents(archive: contents.archive, set: again, digest: contents.digest)
            expect(other.members.elementsEqual(contents.members), "a second index lists others")
        } catch {
            fail("an index that was accepted can't be written again: \(error)")
        }
    }

    /// Reads members by their names, and some that are not there.
    private static func readSingles(_ archive: Archive, names: [(Member.Kind, String)]) {
        // Each read starts a thread, so the first and the last member of a kind stand for all.
        let absent = zip(Member.Kind.all, ["", "0", "example.com/m@v1.0.0", "a.b/tile/x", "\0"])
        var chosen = Array(absent)
        for kind in Member.Kind.all {
            let all = names.filter { $0.0 == kind }
            chosen += all.prefix(1) + all.dropFirst().suffix(1)
        }
        for (kind, name) in chosen {
            let file: String? = kind == .tree ? "go.mod" : nil
            do {
                let size = try blocking {
                    var size = 0
                    for try await piece in try await archive.content(of: kind, named: name, file: file) {
                        expect(!piece.isEmpty && piece.count <= FormatLimits.valueSize, "a piece is too long")
                        size += piece.count
                    }
                    return size
                }
                expect(size >= 0, "a member has no size")
            } catch {
                expectFaultOfData(error, "\(kind.rawValue) \(name)", or: [.notFound, .badArgument])
            }
        }
    }
}
