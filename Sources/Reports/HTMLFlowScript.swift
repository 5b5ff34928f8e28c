/// The flow between pages (Sankey) and the two heat maps of the report page.
enum HTMLFlowScript {
  static let text = #"""
    function flow(box){
      var p=report.paths,cols=p.positions;
      if(!cols.length)return empty(box,"No session carries a path: the log has no page views with a URL.");
      box.classList.add("scroll"); box.tabIndex=0;
      var W=Math.max(box.clientWidth,cols.length*150),H=400,T=26,gap=10,node=11,ph=H-T-6;
      if(cols.length===1)W=box.clientWidth;
      var colW=cols.length>1?(W-150)/(cols.length-1):W;
      var s=svg(box,W,H,"Flow between the first "+cols.length+" pages of sessions");
      var totals=cols.map(function(c){return c.reduce(function(a,n){return a+n.sessions;},0);});
      var rows=Math.max.apply(null,cols.map(function(c){return c.length;}));
      var scale=(ph-gap*(rows-1))/Math.max.apply(null,totals.concat(1));
      var place=cols.map(function(c,k){
        var y=T;
        return c.map(function(n){
          var h=Math.max(n.sessions*scale,1),q={x:k*colW,y:y,h:h,out:y,in:y,node:n,k:k}; y+=h+gap; return q;
        });
      });
      cols.forEach(function(c,k){
        var name=["First view","Second","Third","Fourth","Fifth"][k]||"";
        s.appendChild(el("text",{x:k*colW,y:12},name+(k?"":" ("+short(totals[0])+" sessions)")));
      });
      var ribbons=el("g",{}); s.appendChild(ribbons);
      p.links.forEach(function(l){
        var a=place[l.position][l.from],b=place[l.position+1][l.to],h=Math.max(l.sessions*scale,.6);
        var x0=a.x+node,x1=b.x,mx=(x0+x1)/2,y0=a.out,y1=b.in;
        a.out+=l.sessions*scale; b.in+=l.sessions*scale;
        ribbons.appendChild(mark(el("path",{d:"M"+x0+" "+y0+"C"+mx+" "+y0+" "+mx+" "+y1+" "+x1+" "+y1+"V"+(y1+h)+
          "C"+mx+" "+(y1+h)+" "+mx+" "+(y0+h)+" "+x0+" "+(y0+h)+"Z",style:"fill:var(--a);opacity:.17"}),
          a.node.name+" → "+b.node.name+"\n"+num(l.sessions)+" sessions, "+pct(l.sessions/(a.node.sessions||1))+
          " of those on the first"));
      });
      place.forEach(function(c,k){c.forEach(function(q){
        var n=q.node,other=n.name==="(other)";
        if(n.exits){
          var eh=Math.max(n.exits*scale,.6);
          ribbons.appendChild(mark(el("path",{d:"M"+(q.x+node)+" "+q.out+"h26l8 "+eh/2+"l-8 "+eh/2+"h-26Z",
            style:"fill:var(--faint);opacity:.28"}),n.name+"\n"+num(n.exits)+" sessions ended here, "+pct(n.exits/(n.sessions||1))));
        }
        s.appendChild(mark(el("rect",{x:q.x,y:q.y,width:node,height:q.h,rx:2,
          style:"fill:var("+(other?"--faint":"--a")+")"}),n.name+"\n"+num(n.sessions)+" sessions"+
          (n.exits?", "+num(n.exits)+" ended here":"")));
        if(q.h>=9||c.length<=3){
          var t=el("text",{class:"label halo",x:q.x+node+6,y:Math.min(q.y+q.h/2+4,H-2),style:"pointer-events:none"},
            cut(n.name,Math.floor(((k+1<cols.length?colW:150)-node-12)/6.4)));
          s.appendChild(t);
        }
      });});
      dataTable(box,["From","To","Step","Sessions"],function(){
        return p.links.map(function(l){return [cols[l.position][l.from].name,cols[l.position+1][l.to].name,
          (l.position+1)+" → "+(l.position+2),l.sessions];});
      });
    }
    function hours(box){
      var g=report.hours.sessions,max=0;
      g.forEach(function(r){r.forEach(function(v){max=Math.max(max,v);});});
      if(!max)return empty(box,"No session to place in the week.");
      var W=box.clientWidth,L=34,cw=(W-L)/24,ch=Math.max(20,Math.min(cw,30)),T=4,H=T+7*ch+22;
      var s=svg(box,W,H,"Sessions by weekday and hour, UTC");
      g.forEach(function(r,d){
        s.appendChild(el("text",{x:0,y:T+d*ch+ch/2+4},DAYS[d]));
        r.forEach(function(v,h){
          s.appendChild(mark(el("rect",{x:L+h*cw+.75,y:T+d*ch+.75,width:Math.max(cw-1.5,1),height:ch-1.5,rx:2.5,
            style:v?"fill:var(--heat);fill-opacity:"+(.1+.9*v/max).toFixed(3):"fill:var(--track)"}),
            DAYS[d]+" "+two(h)+":00–"+two(h)+":59\n"+num(v)+" sessions, "+num(report.hours.views[d][h])+" views"));
        });
      });
      for(var h=0;h<24;h+=3)s.appendChild(el("text",{x:L+h*cw+1,y:H-6},two(h)));
      dataTable(box,["Weekday","Hour (UTC)","Sessions","Views"],function(){
        var rows=[];
        g.forEach(function(r,d){r.forEach(function(v,h){if(v)rows.push([DAYS[d],two(h)+":00",v,report.hours.views[d][h]]);});});
        return rows;
      });
    }
    function cohorts(box){
      var c=report.cohorts;
      if(!c)return empty(box,"No session, so no cohort.");
      if(c.rows.length<2)return empty(box,"The log spans a single "+c.unit+": there is no later "+c.unit+" to return in.");
      box.classList.add("scroll"); box.tabIndex=0;
      var n=c.rows.length,cw=Math.max(34,Math.min(56,(box.clientWidth-150)/n)),ch=24,L=150,T=22;
      var W=L+n*cw,H=T+n*ch+4,s=svg(box,W,H,"Share of each "+c.unit+"'s new users who came back");
      var max=0;
      c.rows.forEach(function(r){r.active.forEach(function(v,k){if(k&&r.users)max=Math.max(max,v/r.users);});});
      s.appendChild(el("text",{x:0,y:12},c.unit==="day"?"First day":"First week of"));
      s.appendChild(el("text",{x:L-10,y:12,"text-anchor":"end"},"New users"));
      for(var k=0;k<n;k++)s.appendChild(el("text",{x:L+k*cw+cw/2,y:12,"text-anchor":"middle"},k?"+"+k:"0"));
      c.rows.forEach(function(r,i){
        var y=T+i*ch,when=Date.parse(r.start+"T00:00:00Z");
        s.appendChild(el("text",{class:"label",x:0,y:y+16},day(when)));
        s.appendChild(el("text",{class:"label",x:L-10,y:y+16,"text-anchor":"end"},num(r.users)));
        r.active.forEach(function(v,k){
          var share=r.users?v/r.users:0,a=.08+.92*(k?(max?share/max:0):.32),fill=k?"--heat":"--faint";
          s.appendChild(mark(el("rect",{x:L+k*cw+.75,y:y+.75,width:cw-1.5,height:ch-1.5,rx:3,
            style:v?"fill:var("+fill+");fill-opacity:"+a.toFixed(3):"fill:var(--track)"}),
            "First seen "+r.start+"\n"+num(v)+" of "+num(r.users)+" users active "+(k?k+" "+c.unit+(k>1?"s":"")+" later":
            "then")+", "+pct(share)));
          var label=share>=.9995?"100%":share>=.1?Math.round(share*100)+"%":share?(share*100).toFixed(1)+"%":"";
          s.appendChild(el("text",{x:L+k*cw+cw/2,y:y+16,"text-anchor":"middle",
            style:"pointer-events:none;fill:var("+(v?inkOn(fill,a):"--muted")+")"},label));
        });
      });
      dataTable(box,["First "+c.unit,"New users","Later "+c.unit+"s: active users"],function(){
        return c.rows.map(function(r){return [r.start,r.users,r.active.slice(1).map(num).join(", ")||"–"];});
      });
    }

    """#
}
