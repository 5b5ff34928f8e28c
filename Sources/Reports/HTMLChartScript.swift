/// Time series, histograms and the funnel of the report page.
enum HTMLChartScript {
  static let text = #"""
    function series(box,keys,label){
      var t=report.timeline,points=t.points,n=points.length,width=t.bucketMilliseconds;
      legend(box,keys.map(function(k){return [k.name,k.color];}));
      var W=box.clientWidth,H=W<500?170:210,L=46,R=8,T=10,B=26,pw=W-L-R,ph=H-T-B;
      var s=svg(box,W,H,label);
      var max=niceTop(Math.max.apply(null,keys.map(function(k){
        return points.reduce(function(m,p){return Math.max(m,p[k.key]);},0);})));
      yAxis(s,L,W-R,T,T+ph,max);
      function x(i){return n===1?L+pw/2:L+pw*i/(n-1);}
      function y(v){return T+ph-ph*v/max;}
      xAxis(s,points,width,x,T+ph,W,L,R);
      keys.forEach(function(k,ki){
        if(n===1){
          s.appendChild(el("rect",{x:x(0)-24+ki*26,y:y(points[0][k.key]),width:22,height:ph*points[0][k.key]/max,rx:3,
            style:"fill:var("+k.color+")"}));
          return;
        }
        var d=points.map(function(p,i){return (i?"L":"M")+x(i).toFixed(1)+" "+y(p[k.key]).toFixed(1);}).join("");
        if(k.area)s.appendChild(el("path",{d:d+"L"+x(n-1)+" "+(T+ph)+"L"+x(0)+" "+(T+ph)+"Z",
          style:"fill:var("+k.color+");opacity:.13"}));
        s.appendChild(el("path",{d:d,style:"fill:none;stroke:var("+k.color+");stroke-width:1.8;stroke-linejoin:round"}));
      });
      var cursor=el("line",{class:"axis",y1:T,y2:T+ph,style:"stroke:var(--faint);visibility:hidden"});
      s.appendChild(cursor);
      // one invisible strip a point: a tooltip each, also for the pointer that only touches
      points.forEach(function(p,i){
        var step=n===1?pw:pw/(n-1),text=stamp(p.startMilliseconds,width)+"\n"+keys.map(function(k){
          return k.name+": "+num(p[k.key]);}).join("\n");
        var strip=mark(el("rect",{x:Math.max(L,x(i)-step/2),y:T,width:Math.max(step,.5),height:ph,style:"fill:transparent"}),text);
        strip.addEventListener("pointerenter",function(){
          cursor.setAttribute("x1",x(i));cursor.setAttribute("x2",x(i));cursor.style.visibility="visible";
        });
        s.appendChild(strip);
      });
      s.addEventListener("pointerleave",function(){cursor.style.visibility="hidden";});
    }
    function xAxis(s,points,width,x,y,W,L,R){
      var n=points.length,span=(n-1)*width,count=Math.max(3,Math.floor((W-L-R)/(W<480?64:84)));
      var steps=[60e3,3e5,9e5,18e5,36e5,72e5,108e5,216e5,432e5,864e5,1728e5,3456e5,6048e5,12096e5,2.6784e9,7.9488e9,1.58112e10,
        3.1536e10,6.3072e10,1.5768e11,3.1536e11,1.5768e12,3.1536e12];
      var step=steps.find(function(v){return span/v<=count;})||steps[steps.length-1],last=-1e9;
      points.forEach(function(p,i){
        var t=p.startMilliseconds,before=i?points[i-1].startMilliseconds:t-width;
        if(n>1&&Math.floor(t/step)===Math.floor(before/step))return;
        if(x(i)-last<60)return;
        last=x(i);
        var d=new Date(t),text;
        if(step>=3.1e10)text=String(d.getUTCFullYear());
        else if(step>=2.6e9)text=MONTHS[d.getUTCMonth()]+" "+d.getUTCFullYear();
        else if(step>=864e5||d.getUTCHours()+d.getUTCMinutes()===0)text=day(t);
        else text=clock(t);
        var anchor=x(i)<L+24?"start":x(i)>W-R-24?"end":"middle";
        s.appendChild(el("text",{x:x(i),y:y+17,"text-anchor":anchor},text));
      });
    }
    function bucketName(){
      var w=report.timeline.bucketMilliseconds,u=[[6048e5,"week"],[864e5,"day"],[36e5,"hour"],[6e4,"minute"]];
      for(var i=0;i<u.length;i++)if(w%u[i][0]===0){var k=w/u[i][0];return k===1?u[i][1]:k+" "+u[i][1]+"s";}
    }
    function timeline(box){
      if(!report.timeline)return empty(box,"No session, so nothing happened over time.");
      series(box,[{key:"sessions",name:"Sessions",color:"--a",area:true},{key:"users",name:"Users",color:"--b"}],
        "Sessions and users per "+bucketName()+" from "+report.period.start+" to "+report.period.end);
      dataTable(box,["Start (UTC)","Sessions","Users","Views"],function(){
        return report.timeline.points.map(function(p){
          return [p.start.slice(0,16).replace("T"," "),p.sessions,p.users,p.views];});
      });
    }
    function viewsOverTime(box){
      if(!report.timeline||!report.figures.views)return empty(box,"No page view in this log.");
      series(box,[{key:"views",name:"Views",color:"--c",area:true}],"Page views per "+bucketName());
    }
    function histogram(box,all,color,unit,label,heads){
      var total=all.reduce(function(a,b){return a+b.sessions;},0);
      if(!total)return empty(box,"No session to count.");
      dataTable(box,heads,function(){return all.map(function(b){return [b.label,b.sessions,pct(b.sessions/total)];});});
      // bins beyond the shortest and the longest session say nothing
      var used=all.map(function(b){return b.sessions>0;}),bins=all.slice(used.indexOf(true),used.lastIndexOf(true)+1);
      var W=box.clientWidth,H=206,L=44,R=4,T=18,B=36,pw=W-L-R,ph=H-T-B,slot=Math.min(pw/bins.length,110);
      var s=svg(box,W,H,label),max=niceTop(Math.max.apply(null,bins.map(function(b){return b.sessions;})));
      yAxis(s,L,W-R,T,T+ph,max);
      bins.forEach(function(b,i){
        var h=ph*b.sessions/max,x=L+slot*i+slot*.12,tipText=b.label+(unit?" "+unit:"")+"\n"+num(b.sessions)+" sessions, "+
          pct(b.sessions/total);
        if(b.sessions)h=Math.max(h,1.5);
        s.appendChild(mark(el("rect",{x:x,y:T+ph-h,width:slot*.76,height:h,rx:2,style:"fill:var("+color+")"}),tipText));
        var parts=/^(.*\d)\s+(\D+)$/.exec(b.label)||[0,b.label,""],cx=L+slot*(i+.5);
        if(slot<31&&i%2)return;
        s.appendChild(el("text",{x:cx,y:T+ph+15,"text-anchor":"middle"},parts[1]));
        s.appendChild(el("text",{x:cx,y:T+ph+28,"text-anchor":"middle"},parts[2]));
      });
    }
    function durations(box){
      histogram(box,report.durations.histogram,"--a","","Sessions by duration",["Duration","Sessions","Share"]);
    }
    function depth(box){
      histogram(box,report.viewsPerSession.histogram,"--c","views","Sessions by number of views",["Views","Sessions","Share"]);
    }
    function funnel(box){
      var steps=report.funnel.steps;
      if(!steps.slice(1).some(function(s){return s.anyOrder>0;}))
        return empty(box,"No cart, checkout or purchase events in this log.");
      var W=box.clientWidth,row=66,bar=30,narrow=W<520,L=narrow?0:92,top=narrow?20:0,H;
      row+=narrow?20:0; H=(steps.length-1)*row+bar+top+8;
      var s=svg(box,W,H,"Funnel from session to purchase"),total=steps[0].sessions||1;
      var room=W-L-(narrow?4:8);
      function width(n){return Math.max(room*n/total,3);}
      steps.forEach(function(st,i){
        var y=top+i*row,w=width(st.sessions),text=num(st.sessions)+"  ·  "+pct(st.fromStart);
        if(i+1<steps.length){
          var nw=width(steps[i+1].sessions);
          s.appendChild(el("path",{d:"M"+L+" "+(y+bar)+"H"+(L+w)+"L"+(L+nw)+" "+(y+row)+"H"+L+"Z",style:"fill:var(--a);opacity:.1"}));
        }
        s.appendChild(mark(el("rect",{x:L,y:y,width:w,height:bar,rx:4,style:"fill:var(--a)"}),
          st.name+"\n"+num(st.sessions)+" sessions, "+pct(st.fromStart)+" of all"+(i?"\n"+pct(st.fromPrevious)+
          " of the step before\nmedian "+dur(st.medianFromPrevious)+", p90 "+dur(st.p90FromPrevious)+" after it\n"+
          num(st.anyOrder)+" sessions in whatever order":"")));
        if(narrow)s.appendChild(el("text",{class:"label",x:0,y:y-6},st.name));
        else s.appendChild(el("text",{class:"label strong",x:L-12,y:y+20,"text-anchor":"end"},st.name));
        var inside=w>text.length*7.2+20;
        s.appendChild(el("text",{class:"label",x:inside?L+12:L+w+8,y:y+20,
          style:inside?"fill:var(--on-heat);font-weight:600":"font-weight:600"},text));
        if(i)s.appendChild(el("text",{x:L+10,y:y-(narrow?28:13)},pct(st.fromPrevious)+(st.sessions?" continue, half within "+
          dur(st.medianFromPrevious):" continue")));
      });
      dataTable(box,["Step","Sessions","Of step before","Of all","Median after","p90 after","In any order"],function(){
        return steps.map(function(st,i){return [st.name,st.sessions,pct(st.fromPrevious),pct(st.fromStart),
          i?dur(st.medianFromPrevious):"–",i?dur(st.p90FromPrevious):"–",st.anyOrder];});
      });
    }

    """#
}
