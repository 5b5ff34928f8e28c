/// The report page's style sheet: light and dark by custom properties, one column on a phone, two on a desk.
enum HTMLStyle {
  static let text = """
    :root{
      --bg:#f6f7f8;--surface:#fff;--ink:#17212b;--muted:#576574;--faint:#8894a0;--line:#e1e6ea;--track:#edf1f4;
      --a:#0f7490;--a-soft:#0f74901f;--b:#c2701a;--c:#6b5bb5;--heat:#0b5a72;--on-heat:#fff;--bad:#b3372f;--good:#2c7a4b;
      --bar:#d3e8ee;--shadow:0 1px 2px #17212b0d,0 1px 8px #17212b08;color-scheme:light
    }
    @media (prefers-color-scheme:dark){:root:not([data-theme=light]){
      --bg:#0f151a;--surface:#172027;--ink:#e6edf2;--muted:#9fb0bd;--faint:#768794;--line:#26333d;--track:#1f2a32;
      --a:#4fb6d0;--a-soft:#4fb6d02b;--b:#e5a25a;--c:#a99af0;--heat:#4fb6d0;--on-heat:#08222b;--bad:#f08a80;--good:#6cc493;
      --bar:#1d4450;--shadow:none;color-scheme:dark
    }}
    :root[data-theme=dark]{
      --bg:#0f151a;--surface:#172027;--ink:#e6edf2;--muted:#9fb0bd;--faint:#768794;--line:#26333d;--track:#1f2a32;
      --a:#4fb6d0;--a-soft:#4fb6d02b;--b:#e5a25a;--c:#a99af0;--heat:#4fb6d0;--on-heat:#08222b;--bad:#f08a80;--good:#6cc493;
      --bar:#1d4450;--shadow:none;color-scheme:dark
    }
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--bg);color:var(--ink);
      font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
      font-variant-numeric:tabular-nums}
    main,header,footer{max-width:1180px;margin:0 auto;padding:0 24px}
    header{padding-top:36px;padding-bottom:20px;display:flex;gap:16px;align-items:flex-start;justify-content:space-between}
    h1{font-size:27px;line-height:1.2;margin:0 0 6px;letter-spacing:-.015em;font-weight:650}
    h2{font-size:19px;margin:44px 0 14px;letter-spacing:-.01em;font-weight:640}
    h3{font-size:15px;margin:0;font-weight:620}
    p{margin:0}
    .sub{color:var(--muted);overflow-wrap:anywhere}
    .note{color:var(--muted);font-size:13px;margin-top:2px}
    .themes{display:flex;border:1px solid var(--line);border-radius:9px;overflow:hidden;flex:none;background:var(--surface)}
    .themes button{border:0;background:none;color:var(--muted);font:inherit;font-size:13px;padding:7px 11px;cursor:pointer}
    .themes button[aria-pressed=true]{background:var(--track);color:var(--ink)}
    button:focus-visible,summary:focus-visible,a:focus-visible,[tabindex]:focus-visible{
      outline:2px solid var(--a);outline-offset:2px}
    .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px}
    .figure{background:var(--surface);border-radius:12px;padding:14px 16px 13px;box-shadow:var(--shadow);
      border:1px solid var(--line);min-width:0}
    .figure dt{color:var(--muted);font-size:13px}
    .figure dd{margin:0}
    .figure .big{font-size:26px;line-height:1.25;font-weight:640;letter-spacing:-.02em;white-space:nowrap;overflow:hidden;
      text-overflow:ellipsis}
    .figure .small{color:var(--muted);font-size:12.5px}
    .grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
    .grid.three{grid-template-columns:repeat(3,minmax(0,1fr))}
    .card{background:var(--surface);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow);
      padding:18px 20px;min-width:0}
    .card>.head{margin-bottom:14px}
    .wide{grid-column:1/-1}
    .chart{position:relative;min-width:0}
    .scroll{overflow-x:auto;overscroll-behavior-x:contain}
    svg{display:block;max-width:none}
    svg text{fill:var(--muted);font-size:11px;font-family:inherit}
    svg .strong{fill:var(--ink);font-weight:600}
    svg .axis{stroke:var(--line);shape-rendering:crispEdges}
    svg .label{fill:var(--ink);font-size:12px}
    svg .halo{paint-order:stroke;stroke:var(--surface);stroke-width:3px;stroke-linejoin:round}
    .legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--muted);font-size:13px;margin-bottom:8px}
    .legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
    .empty{color:var(--muted);background:var(--track);border-radius:8px;padding:12px 14px;font-size:14px}
    table{border-collapse:collapse;width:100%;font-size:14px}
    th{font-weight:500;color:var(--muted);font-size:12.5px;text-align:right;padding:0 0 6px 12px;white-space:nowrap}
    th:first-child{text-align:left;padding-left:0}
    td{padding:2px 0 2px 12px;text-align:right;white-space:nowrap;vertical-align:middle}
    td:first-child{padding-left:0}
    table.bars{table-layout:fixed}
    table.bars th.n,table.bars td.n{width:84px}
    table.bars th.p,table.bars td.p{width:66px}
    .three .bought{display:none}
    td.name{text-align:left;position:relative;padding:3px 0}
    td.name .bar{position:absolute;left:0;top:3px;bottom:3px;background:var(--bar);border-radius:4px;min-width:2px}
    td.name .text{position:relative;display:block;padding:3px 8px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    td.name .text small{color:var(--muted);font-size:12.5px}
    td.weak{color:var(--muted)}
    button.more{margin-top:10px;border:1px solid var(--line);background:none;color:var(--a);font:inherit;font-size:13px;
      border-radius:8px;padding:5px 12px;cursor:pointer}
    details{margin-top:12px}
    details summary{cursor:pointer;color:var(--a);font-size:13px;width:max-content;max-width:100%}
    details .scroll{max-height:320px;overflow:auto;margin-top:8px}
    details table th{position:sticky;top:0;background:var(--surface)}
    dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:14px 24px;margin:0}
    dl.facts dt{color:var(--muted);font-size:13px}
    dl.facts dd{margin:0;font-weight:560;overflow-wrap:anywhere}
    .warn{color:var(--bad)}
    ul.method{margin:8px 0 0;padding-left:18px;color:var(--muted);font-size:14px}
    ul.method li{margin:4px 0}
    #tip{position:fixed;z-index:9;pointer-events:none;background:var(--ink);color:var(--bg);border-radius:8px;
      padding:7px 10px;font-size:12.5px;line-height:1.45;max-width:min(320px,80vw);white-space:pre-line;
      overflow-wrap:anywhere;opacity:0;transition:opacity .1s;left:0;top:0}
    #tip.on{opacity:1}
    [data-tip]{cursor:default}
    .mark:hover{filter:brightness(1.08)}
    footer{color:var(--muted);font-size:13px;padding-top:32px;padding-bottom:48px}
    @media (max-width:860px){.grid.three{grid-template-columns:repeat(2,minmax(0,1fr))}}
    @media (max-width:720px){
      main,header,footer{padding-left:14px;padding-right:14px}
      header{padding-top:22px;flex-wrap:wrap}
      h1{font-size:23px}
      h2{margin-top:34px}
      .grid,.grid.three{grid-template-columns:minmax(0,1fr);gap:12px}
      .figures{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}
      .figure{padding:12px 13px}
      .figure .big{font-size:22px}
      .card{padding:15px 14px}
      .bought,table.bars:has(th:nth-child(4)) .share{display:none}
      table.bars th.n,table.bars td.n{width:70px}
      table.bars th.p,table.bars td.p{width:58px}
    }
    @media print{
      .themes,button.more,#tip{display:none}
      body{background:#fff}
      .card,.figure{break-inside:avoid;box-shadow:none}
    }
    """
}
