namespace Etr.Dashboard.Tests.Browser;

/// <summary>Browser tests run one after the other: they share the browser, and the machine's few cores.</summary>
[CollectionDefinition(nameof(BrowserTests))]
public sealed class BrowserTests : ICollectionFixture<Chromium>;
