import Testing

@Suite struct ClickstreamGeneratorPlaceholder {}
