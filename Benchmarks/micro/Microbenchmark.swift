import CacheStore
import Glibc
import SystemPackage

/// A run of one hot piece of the library, which `Benchmarks/micro.sh` compares with `limit/pieces.c`.
///
/// Each piece repeats whole passes over its input until the given CPU time is used up. The reported CPU time
/// is that of the passes alone.
@main
struct Microbenchmark {
    private static let usage = """
        usage: microbenchmark PIECE INPUT SECONDS

        PIECE INPUT is one of: cut FILE, hash-BYTES FILE, compress-LEVEL FILE, decode FILE, \
        index ARCHIVE, create DIRECTORY

        """

    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seconds = Double(arguments[3]) else { fail(usage) }
        do {
            let figures = try await measure(arguments[1], FilePath(arguments[2]), seconds: seconds)
            print(
                "{\"items\": \(figures.items), \"bytes\": \(figures.bytes), \"cpu\": \(figures.cpu), "
                    + "\"check\": \(figures.check)}"
            )
        } catch {
            fail("microbenchmark: \(arguments[1]): \(error)\n")
        }
    }

    private static func fail(_ message: String) -> Never {
        _ = try? FileDescriptor.standardError.writeAll(Array(message.utf8))
        exit(1)
    }

    // MARK: - Measuring

    /// The figures of several passes.
    private struct Figures {
        var items = 0
        var bytes = 0
        var cpu = 0.0
        /// A value that depends on every result of one pass, to compare with that of the limit.
        var check = 0
    }

    /// The figures of one pass.
    private struct Pass {
        var items = 0
        var bytes = 0
        var check = 0
    }

    private static func measure(
        _ piece: String,
        _ input: FilePath,
        seconds: Double
    ) async throws -> Figures {
        let parts = piece.split(separator: "-")
        let number = parts.count == 2 ? Int(parts[1]) : nil
        switch (parts.first, number) {
        case ("cut", nil):
            let bytes = try content(of: input)
            return try await repeated(seconds) { cut(bytes) }
        case ("hash", let size?) where size > 0:
            let bytes = try content(of: input)
            return try await repeated(seconds) { hash(bytes, size: size) }
        case ("compress", let level?):
            let bytes = try content(of: input)
            let compressor = try ZstdCompressor(level: level)
            return try await repeated(seconds) { try compress(bytes, compressor) }
        case ("decode", nil):
            let frames = try frames(of: content(of: input))
            let decompressor = try ZstdDecompressor()
            return try await repeated(seconds) { try decode(frames, decompressor) }
        case ("index", nil):
            return try await repeated(seconds) { try await readIndex(input) }
        case ("create", nil):
            let directory = try Directory(opening: input)
            var pass = 0
            return try await repeated(seconds) {
                pass += 1
                return try create(in: directory, pass)
            }
        default: fail(usage)
        }
    }

    private static func repeated(
        _ seconds: Double,
        _ body: () async throws -> Pass
    ) async throws -> Figures {
        // The first pass is not counted, because it allocates memory for the first time.
        var figures = Figures()
        figures.check = try await body().check
        repeat {
            let start = processorTime()
            let pass = try await body()
            figures.cpu += processorTime() - start
            figures.items += pass.items
            figures.bytes += pass.bytes
        } while figures.cpu < seconds
        return figures
    }

    private static func processorTime() -> Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    private static func content(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            let count = try Int(file.seek(offset: 0, from: .end))
            var done = 0
            return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                // Each read stays inside the buffer, because it is given only the rest of the buffer.
                let whole = UnsafeMutableRawBufferPointer(buffer)
                while done < count {
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: whole[done...])
                    let read = try unsafe file.read(fromAbsoluteOffset: Int64(done), into: rest)
                    if read == 0 { break }
                    done += read
                }
                initialized = done
            }
        }
    }

    // MARK: - Pieces

    private static func cut(_ bytes: [UInt8]) -> Pass {
        var pass = Pass(bytes: bytes.count)
        var position = 0
        while position < bytes.count {
            position += Chunker.firstCut(of: bytes.span.extracting(position...))
            pass.items += 1
            pass.check ^= position
        }
        return pass
    }

    private static func hash(_ bytes: [UInt8], size: Int) -> Pass {
        var pass = Pass(bytes: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let id = ContentHasher.hash(bytes.span.extracting(start..<min(start + size, bytes.count)))
            pass.items += 1
            pass.check ^= Int(id.bytes[0])
        }
        return pass
    }

    private static func compress(_ bytes: [UInt8], _ compressor: borrowing ZstdCompressor) throws -> Pass {
        var pass = Pass(bytes: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: Self.frameSize) {
            let end = min(start + Self.frameSize, bytes.count)
            pass.check += try compressor.frame(bytes.span.extracting(start..<end)).count
            pass.items += 1
        }
        return pass
    }

    /// The average length of a chunk, in bytes.
    private static let frameSize = 4 << 20

    private static func frames(of bytes: [UInt8]) throws -> [(frame: [UInt8], size: Int)] {
        let compressor = try ZstdCompressor(level: 3)
        return try stride(from: 0, to: bytes.count, by: frameSize).map { start in
            let end = min(start + frameSize, bytes.count)
            return (try compressor.frame(bytes.span.extracting(start..<end)), end - start)
        }
    }

    private static func decode(
        _ frames: [(frame: [UInt8], size: Int)],
        _ decompressor: borrowing ZstdDecompressor
    ) throws -> Pass {
        var pass = Pass()
        var content: [UInt8] = []
        for (frame, size) in frames {
            guard try decompressor.decode(frame.span, size: size, into: &content) else {
                throw Errno.invalidArgument
            }
            pass.items += 1
            pass.bytes += content.count
            pass.check ^= Int(content[size / 2])
        }
        return pass
    }

    private static func readIndex(_ path: FilePath) async throws -> Pass {
        let archive = try Archive(opening: path)
        let contents = try await archive.contents()
        return Pass(items: 1, bytes: archive.fileBytes, check: contents.sources.count)
    }

    private static func create(in directory: borrowing Directory, _ pass: Int) throws -> Pass {
        let placement = FilePlacement(mode: 0o644, time: 4_102_444_800)
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
        for number in 0..<filesAPass {
            let name = "\(pass)-\(number)"
            let outcome = try placement.put(bytes, as: name, in: directory, isKnownAbsent: true)
            guard outcome == .created else { throw Errno.fileExists }
        }
        return Pass(items: filesAPass, bytes: filesAPass * bytes.count, check: filesAPass)
    }

    private static let filesAPass = 5000
}
