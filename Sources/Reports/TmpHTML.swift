extension SessionReport { public func html() -> String { json() } }
