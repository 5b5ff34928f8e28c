import Testing

@Suite struct StreamCorePlaceholder {}
