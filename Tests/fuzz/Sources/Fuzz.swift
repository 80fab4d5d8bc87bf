import Glibc

/// The entry point: `fuzz TARGET`, then the arguments of libFuzzer.
///
/// SwiftPM gives an executable its own `main`, so libFuzzer's is not linked, and its driver is called here.
@main
enum Fuzz {
    /// The targets, by name.
    private static let targets: [String: any (FuzzTarget & SendableMetatype).Type] = [
        "archive": ArchiveTarget.self,
        "edits": EditTarget.self,
        "entry": EntryTarget.self,
        "index": IndexTarget.self,
        "layer": LayerTarget.self,
        "layout": LayoutTarget.self,
        "log": LogTarget.self,
        "manifest": ManifestTarget.self,
        "package": PackageTarget.self,
        "program": ProgramTarget.self,
        "sums": SumsTarget.self,
        "tar": TarTarget.self,
        "trailer": TrailerTarget.self,
        "words": WordsTarget.self,
        "zip": ZipTarget.self,
        "zstd": ZstdTarget.self,
    ]

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.dropFirst() == ["--list"] {
            for name in targets.keys.sorted() { print(name) }
            return
        }
        guard arguments.count > 1, let target = targets[arguments[1]] else {
            print("usage: fuzz TARGET [LIBFUZZER-ARGUMENT | FILE | DIRECTORY]...\n       fuzz --list")
            exit(2)
        }
        do {
            running = try target.init()
        } catch {
            print("fuzz: cannot begin: \(error)")
            exit(2)
        }
        // libFuzzer runs itself by a shell with its first argument, to make inputs shorter for example, so
        // the name of the target is a part of this argument. It may keep pointers into its arguments, which
        // therefore live as long as the process.
        let program = "\(arguments[0]) \(arguments[1])"
        var words = ([program] + arguments.dropFirst(2)).map { unsafe strdup($0) }
        unsafe words.append(nil)
        var count = CInt(words.count - 1)
        let status = words.withUnsafeMutableBufferPointer { buffer -> CInt in
            var start = buffer.baseAddress
            return unsafe runDriver(&count, &start, testOneInput)
        }
        exit(status)
    }

    /// The target that runs; libFuzzer calls it on one thread.
    nonisolated(unsafe) fileprivate static var running: (any FuzzTarget)?
}

/// The function that libFuzzer looks for by its name.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
    unsafe Fuzz.running?.run(bytes)
    return 0
}

/// The entry point of libFuzzer (compiler-rt, `FuzzerInterface.h` and "Using libFuzzer as a library").
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
