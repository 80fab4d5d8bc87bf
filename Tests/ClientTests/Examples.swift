/// The code that the documentation shows. `Tests/examples.py` compares each example with the pages.

// example: an archive of each job, and caches from all of them
import CacheStore
import SystemPackage

/// Packs the caches that a job's builds have filled.
func pack(job: String, _ caches: GoCaches, go: GoCommand, to archive: FilePath) async throws {
    let options = Pack.Options(label: job, environment: try await go.environment())
    let report = try await Pack(options: options).run(caches, to: archive)
    for warning in report.warnings { print(warning.message) }
}

/// Unites the archives of all jobs and fills the caches of an image.
func fill(_ caches: GoCaches, from jobs: [FilePath], by union: FilePath) async throws {
    try await Union().run(jobs, to: union)
    let report = try await Restore().run(union, into: caches)
    print("\(report.bytesWritten) bytes written")
}
// end of example

// example: what an archive holds
/// Prints the modules of an archive, and the licence of one of them.
func list(_ path: FilePath, licenceOf tree: String) async throws {
    let archive = try Archive(opening: path)
    for member in try await archive.contents().members where member.kind == .tree {
        print(member.name, member.files, member.contentBytes)
    }
    var licence: [UInt8] = []
    for try await piece in try await archive.content(of: .tree, named: tree, file: "LICENSE") {
        licence += piece
    }
    print(String(decoding: licence, as: UTF8.self))
}
// end of example

// example: an error and its remedy
/// Restores an archive over what is there, and says what to do if that fails.
func restore(_ archive: FilePath, into caches: GoCaches) async throws {
    do {
        try await Restore().run(archive, into: caches) { progress in
            print(progress.phase, progress.bytes, "of", progress.totalBytes)
        }
    } catch let error as CacheStoreError where error.code == .corruptArchive {
        print(error.summary, "- repair the archive, or have the job pack its caches again")
        throw error
    }
}
// end of example

// example: modules on demand
/// Restores the modules that builds in a directory need, from the first archive that has each.
func restoreModules(of directory: FilePath, from archives: [FilePath], into cache: FilePath) async throws {
    let needed = try await NamedModules(neededIn: [directory], asking: GoCommand(), apartFrom: [cache])
    var options = Restore.Options()
    options.modules = needed
    for archive in archives {
        let caches = GoCaches(buildCache: nil, moduleCache: cache)
        options.modules = try await Restore(options: options).run(archive, into: caches).absentModules
    }
    if let warning = options.modules?.absenceWarning(from: archives) { print(warning.message) }
}
// end of example

// example: a damaged archive and its copies
/// Repairs an archive with its copies, and restores what there is.
func rescue(_ archive: FilePath, from copies: [FilePath], to repaired: FilePath, into caches: GoCaches)
    async throws
{
    let repair = try await Repair().run(archive, from: copies, to: repaired)
    for member in repair.leftOut { print("lost:", member.kind.rawValue, member.name) }
    try await Restore().run(repaired, into: caches)
}
// end of example

// example: a program for GOCACHEPROG
/// Serves the entries of archives to the go command that has started this program.
func serve(_ archives: [FilePath], in buildCache: FilePath) async throws {
    var options = CacheProgram.Options()
    options.archives = archives
    let program = CacheProgram(buildCache: buildCache, options: options)
    try await program.serve(.standardInput, answering: .standardOutput)
}
// end of example
