/// Numbers and names in a form for people that is the same everywhere, without locale and colour.
enum HumanFormat {
    /// Formats a number of bytes in decimal units, for example `999 B`, `1.23 kB`, `45.6 MB`.
    static func bytes(_ count: Int) -> String { bytes(Double(count)) }

    private static func bytes(_ count: Double) -> String {
        guard abs(count) >= 999.5 else { return "\(Int(count.rounded())) B" }
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var scale = 1000.0
        var unit = 0
        // Without this step, 999.95 kB would be written as 1000.0 kB.
        while abs(count) / scale >= 999.95, unit < units.count - 1 {
            scale *= 1000
            unit += 1
        }
        let value = count / scale
        return "\(decimal(value, places: abs(value) < 9.995 ? 2 : 1)) \(units[unit])"
    }

    /// Formats a number with a comma between the thousands, for example `1,234,567`.
    static func count(_ count: Int) -> String {
        var text = ""
        for (position, digit) in String(count.magnitude).reversed().enumerated() {
            if position > 0, position.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (count < 0 ? "-" : "") + String(text.reversed())
    }

    /// Formats a number with its noun, for example `1 entry`, `1,234 entries`.
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        "\(Self.count(count)) \(count == 1 ? one : many)"
    }

    /// Formats a time, for example `0.42 s`, `14.2 s`, `3 min 12 s`, `1 h 4 min`.
    static func duration(_ duration: Duration) -> String {
        let exact = duration / .seconds(1)
        if exact < 9.995 {
            return "\(exact == exact.rounded() ? "\(Int(exact))" : decimal(exact, places: 2)) s"
        }
        if exact < 59.95 {
            return "\(exact == exact.rounded() ? "\(Int(exact))" : decimal(exact, places: 1)) s"
        }
        let seconds = Int(exact.rounded())
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    /// Formats a rate, for example `312.4 MB/s`.
    static func rate(_ bytes: Int, in duration: Duration) -> String {
        let seconds = max(duration / .seconds(1), 0.001)
        return "\(Self.bytes(Double(bytes) / seconds))/s"
    }

    /// Returns a name that is safe to print on one line, with control characters as `\u{1b}`, and likewise
    /// the invisible ones that change the direction of text or end a line.
    ///
    /// Names in archives and caches come from others, who could use them to hide a line, to show another
    /// name, or to control the terminal.
    static func printable(_ name: String) -> String {
        guard name.utf8.contains(where: { !(0x20..<0x7F).contains($0) }) else { return name }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.utf8.count)
        for scalar in name.unicodeScalars {
            if (0x20..<0x7F).contains(scalar.value) {
                bytes.append(UInt8(scalar.value))
                continue
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                bytes += "\\u{\(String(scalar.value, radix: 16))}".utf8
            default: bytes += scalar.utf8
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decimal(_ value: Double, places: Int) -> String {
        let scale = places == 2 ? 100 : 10
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(value < 0 ? "-" : "")\(scaled / scale).\(zeros)\(fraction)"
    }
}
