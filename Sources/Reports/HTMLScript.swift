/// The report page's script: reads the embedded JSON, draws every `[data-chart]` as SVG, checks what it drew.
///
/// The self-check sets `data-charts` of the document element to "drawn/expected" and `data-errors` to whatever went
/// wrong, so that a test (or a reader with a blank card) can tell. Nothing is fetched.
enum HTMLScript {
  static var text: String {
    page(
      HTMLChartScript.text + HTMLFlowScript.text,
      charts: "timeline:timeline,views:viewsOverTime,durations:durations,depth:depth,funnel:funnel,flow:flow,"
        + "hours:hours,cohorts:cohorts")
  }

  /// The script of a page whose charts are drawn by functions; `charts` says which function draws which.
  static func page(_ functions: String, charts: String) -> String {
    "(function(){\n\"use strict\";\n" + core + functions + "var charts={\(charts)};\n" + start + "})();"
  }

  private static let core = #"""
    var root=document.documentElement, errors=[];
    function fail(e){errors.push(String(e&&e.message||e));root.dataset.errors=errors.join(" | ");}
    window.addEventListener("error",function(e){fail(e.message);});
    var report=JSON.parse(document.getElementById("report-data").textContent);
    var NS="http://www.w3.org/2000/svg";
    var whole=new Intl.NumberFormat("en");
    function num(n){return whole.format(n);}
    function short(n){
      if(n>=1e9)return trim(n/1e9)+"B"; if(n>=1e6)return trim(n/1e6)+"M"; if(n>=1e4)return trim(n/1e3)+"k";
      return num(n);
    }
    function trim(x){return (x>=100?x.toFixed(0):x.toFixed(1)).replace(/\.0$/,"");}
    function pct(r){
      if(r>0&&r<0.0005)return "<0.1%"; if(r<1&&r>=0.9995)return ">99.9%";
      return (r*100).toFixed(1)+"%";
    }
    function two(n){return (n<10?"0":"")+n;}
    function dur(ms){
      if(ms<1000)return ms+" ms"; if(ms<59950)return (ms/1000).toFixed(1)+" s";
      var s=Math.round(ms/1000);
      if(s<3600)return Math.floor(s/60)+" min "+two(s%60)+" s";
      if(s<86400)return Math.floor(s/3600)+" h "+two(Math.floor(s/60)%60)+" min";
      return num(Math.floor(s/86400))+" d "+Math.floor(s/3600)%24+" h";
    }
    var MONTHS=["Jan","Feb","Mar","Apr","May","Jun","Jul","Aug","Sep","Oct","Nov","Dec"];
    var DAYS=["Mon","Tue","Wed","Thu","Fri","Sat","Sun"];
    function day(t){var d=new Date(t);return d.getUTCDate()+" "+MONTHS[d.getUTCMonth()];}
    function clock(t){var d=new Date(t);return two(d.getUTCHours())+":"+two(d.getUTCMinutes());}
    function stamp(t,width){
      var d=new Date(t),s=DAYS[(d.getUTCDay()+6)%7]+" "+day(t)+" "+d.getUTCFullYear();
      return width<86400000?s+", "+clock(t):width>86400000?"from "+s:s;
    }
    function el(name,attrs,text){
      var e=document.createElementNS(NS,name);
      for(var k in attrs)e.setAttribute(k,attrs[k]);
      if(text!==undefined)e.textContent=text;
      return e;
    }
    function html(name,cls,text){
      var e=document.createElement(name); if(cls)e.className=cls; if(text!==undefined)e.textContent=text; return e;
    }
    function mark(e,tip){
      e.classList.add("mark"); e.setAttribute("data-tip",tip); e.appendChild(el("title",{},tip)); return e;
    }
    function svg(box,w,h,label){
      var s=el("svg",{width:w,height:h,viewBox:"0 0 "+w+" "+h,role:"img","aria-label":label});
      box.appendChild(s); return s;
    }
    function cut(text,n){return text.length<=n?text:n<2?"":text.slice(0,n-1)+"…";}
    function empty(box,text){box.appendChild(html("p","empty",text)); box.dataset.empty="1";}
    // the text colour that reads best on the heat colour at this opacity
    function rgb(name){
      var v=getComputedStyle(root).getPropertyValue(name).trim();
      if(v.length===4)v="#"+v[1]+v[1]+v[2]+v[2]+v[3]+v[3];
      return [1,3,5].map(function(i){return parseInt(v.slice(i,i+2),16)/255;});
    }
    function luminance(c){
      var l=c.map(function(x){return x<=.03928?x/12.92:Math.pow((x+.055)/1.055,2.4);});
      return .2126*l[0]+.7152*l[1]+.0722*l[2];
    }
    function inkOn(fill,opacity){
      var f=rgb(fill),s=rgb("--surface"),l=luminance(f.map(function(x,i){return x*opacity+s[i]*(1-opacity);}));
      function contrast(name){var t=luminance(rgb(name));return (Math.max(t,l)+.05)/(Math.min(t,l)+.05);}
      return contrast("--ink")>=contrast("--on-heat")?"--ink":"--on-heat";
    }
    function legend(box,items){
      var l=html("div","legend");
      items.forEach(function(i){
        var s=html("span"),k=html("i"); k.style.background="var("+i[1]+")";
        s.appendChild(k); s.appendChild(document.createTextNode(i[0])); l.appendChild(s);
      });
      box.appendChild(l);
    }
    // the figures behind a chart, built when first opened
    function dataTable(box,heads,rows){
      var card=box.closest(".card"); if(!card||card.querySelector("details.data"))return;
      var d=html("details","data"); d.appendChild(html("summary","","Show as table"));
      d.addEventListener("toggle",function(){
        if(!d.open||d.querySelector("table"))return;
        var wrap=html("div","scroll"),t=html("table"),head=html("tr");
        wrap.tabIndex=0;
        heads.forEach(function(h){var th=html("th","",h);th.scope="col";head.appendChild(th);});
        t.appendChild(html("thead")).appendChild(head);
        var body=html("tbody");
        rows().forEach(function(r){
          var tr=html("tr"); r.forEach(function(c){tr.appendChild(html("td","",typeof c==="number"?num(c):c));});
          body.appendChild(tr);
        });
        t.appendChild(body); wrap.appendChild(t); d.appendChild(wrap);
      });
      card.appendChild(d);
    }
    function niceTop(v){
      if(v<=4)return 4;
      var p=Math.pow(10,Math.floor(Math.log10(v))),m=v/p;
      return (m<=1?1:m<=1.2?1.2:m<=1.6?1.6:m<=2?2:m<=2.4?2.4:m<=3.2?3.2:m<=4?4:m<=6?6:m<=8?8:10)*p;
    }
    function yAxis(s,left,right,top,bottom,max){
      for(var i=0;i<=4;i++){
        var y=Math.round(bottom-(bottom-top)*i/4)+.5;
        s.appendChild(el("line",{class:"axis",x1:left,x2:right,y1:y,y2:y}));
        s.appendChild(el("text",{x:left-8,y:y+4,"text-anchor":"end"},short(max*i/4)));
      }
    }

    """#

  private static let start = #"""
    function sound(box){
      if(box.dataset.empty)return !!box.textContent.trim();
      var marks=box.querySelectorAll("svg .mark"); if(!marks.length)return false;
      if(/NaN|undefined|Infinity/.test(box.innerHTML)){fail("a bad number in chart "+box.dataset.chart);return false;}
      return true;
    }
    var drawnWidth=0;
    function draw(){
      var boxes=document.querySelectorAll("[data-chart]"),drawn=0;
      drawnWidth=document.body.clientWidth;
      boxes.forEach(function(box){
        box.textContent=""; delete box.dataset.empty;
        try{charts[box.dataset.chart](box); if(sound(box))drawn++; else fail("nothing drawn: "+box.dataset.chart);}
        catch(e){fail(box.dataset.chart+": "+(e&&e.message)); box.textContent=""; empty(box,"This chart could not be drawn.");}
      });
      if(root.scrollWidth>root.clientWidth+1)fail("the page is "+root.scrollWidth+" wide in "+root.clientWidth);
      root.dataset.charts=drawn+"/"+boxes.length;
    }
    // theme: as the system says, unless chosen here or by ?theme=
    var store=null; try{store=window.localStorage;}catch(e){}
    function theme(t,save){
      if(t==="light"||t==="dark")root.dataset.theme=t; else delete root.dataset.theme;
      document.querySelectorAll(".themes button").forEach(function(b){
        b.setAttribute("aria-pressed",String(b.value===(root.dataset.theme||"auto")));
      });
      if(save&&root.dataset.errors==="")draw();
      if(save&&store)try{store.setItem("report-theme",t);}catch(e){}
    }
    document.querySelectorAll(".themes button").forEach(function(b){
      b.addEventListener("click",function(){theme(b.value,true);});
    });
    var asked=/[?&#]theme=(light|dark)/.exec(location.href),kept=null;
    try{kept=store&&store.getItem("report-theme");}catch(e){}
    theme(asked?asked[1]:kept||"auto",false);
    document.querySelectorAll("button.more").forEach(function(b){
      var body=document.getElementById(b.getAttribute("aria-controls")); body.hidden=true; b.hidden=false;
      b.addEventListener("click",function(){
        body.hidden=!body.hidden; b.setAttribute("aria-expanded",String(!body.hidden));
        b.textContent=body.hidden?b.dataset.more:"Show fewer";
      });
    });
    var tip=html("div"); tip.id="tip"; tip.setAttribute("aria-hidden","true"); document.body.appendChild(tip);
    function showTip(text,x,y){
      tip.textContent=text; tip.className="on";
      var r=tip.getBoundingClientRect();
      tip.style.left=Math.max(6,Math.min(x+14,innerWidth-r.width-6))+"px";
      tip.style.top=(y-r.height-12<6?y+18:y-r.height-12)+"px";
    }
    document.addEventListener("pointermove",function(e){
      var m=e.target.closest&&e.target.closest("[data-tip]");
      if(m)showTip(m.getAttribute("data-tip"),e.clientX,e.clientY); else tip.className="";
    });
    document.addEventListener("pointerdown",function(e){
      var m=e.target.closest&&e.target.closest("[data-tip]");
      if(m)showTip(m.getAttribute("data-tip"),e.clientX,e.clientY); else tip.className="";
    });
    document.addEventListener("scroll",function(){tip.className="";},{passive:true,capture:true});
    root.dataset.errors="";
    draw();
    matchMedia("(prefers-color-scheme:dark)").addEventListener("change",function(){if(!root.dataset.theme)draw();});
    var timer; addEventListener("resize",function(){
      clearTimeout(timer);
      timer=setTimeout(function(){if(document.body.clientWidth!==drawnWidth)draw();},120);
    });

    """#
}
