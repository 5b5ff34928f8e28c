/// Charts of the graph report: lines over time by instants as they come, and the graph of the strongest vertices.
enum HTMLGraphScript {
  static let charts =
    "size:sizes,components:componentsOverTime,change:changes,ranks:rankPaths,work:work,network:network"

  static let text = lines + network

  private static let lines = #"""
    var COLORS=["--a","--b","--c","--good","--bad","--ink","--faint"];
    function when(p){return stamp(p.timeMilliseconds,60000)+", batch "+num(p.batch);}
    // lines over event time; keys: name, color, value(point) or null where there is none
    function course(box,keys,label,format,top){
      var points=report.points,n=points.length;
      if(!n)return empty(box,"The input held no edge.");
      format=format||num;
      if(keys.length>1)legend(box,keys.map(function(k){return [k.name,k.color];}));
      var W=box.clientWidth,H=W<500?180:220,L=54,R=10,T=10,B=26,pw=W-L-R,ph=H-T-B,s=svg(box,W,H,label);
      var max=top||niceTop(Math.max.apply(null,keys.map(function(k){
        return points.reduce(function(m,p){return Math.max(m,k.value(p)||0);},0);})));
      for(var i=0;i<=4;i++){
        var gy=Math.round(T+ph-ph*i/4)+.5;
        s.appendChild(el("line",{class:"axis",x1:L,x2:W-R,y1:gy,y2:gy}));
        s.appendChild(el("text",{x:L-8,y:gy+4,"text-anchor":"end"},format(max*i/4)));
      }
      var t0=points[0].timeMilliseconds,t1=points[n-1].timeMilliseconds;
      function x(p){return t1===t0?L+pw/2:L+pw*(p.timeMilliseconds-t0)/(t1-t0);}
      function y(v){return T+ph-ph*v/max;}
      timeAxis(s,t0,t1,L,pw,T+ph);
      keys.forEach(function(k){
        var d="",isOn=false,area="",first=0,last=0;
        points.forEach(function(p){
          var v=k.value(p); if(v===null||v===undefined){isOn=false;return;}
          // a point of its own is a dot
          d+=(isOn?"L":"M")+x(p).toFixed(1)+" "+y(v).toFixed(1)+(isOn?"":"h.1"); if(!first)first=x(p); last=x(p); isOn=true;
        });
        if(!d)return;
        if(k.area&&n>1)s.appendChild(el("path",{d:d+"L"+last+" "+(T+ph)+"L"+first+" "+(T+ph)+"Z",
          style:"fill:var("+k.color+");opacity:.13"}));
        s.appendChild(el("path",{d:d,style:"fill:none;stroke:var("+k.color+
          ");stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round"}));
      });
      var cursor=el("line",{class:"axis",y1:T,y2:T+ph,style:"stroke:var(--faint);visibility:hidden"});
      s.appendChild(cursor);
      // one invisible strip a point, up to the middles between it and its neighbours
      points.forEach(function(p,i){
        var a=i?(x(points[i-1])+x(p))/2:L,b=i+1<n?(x(p)+x(points[i+1]))/2:W-R;
        var values=keys.filter(function(k){var v=k.value(p);return v!==null&&v!==undefined;}).map(function(k){
          return [k.value(p),k.name+": "+format(k.value(p))];});
        if(keys.length>3)values.sort(function(u,v){return v[0]-u[0];});
        var strip=mark(el("rect",{x:a,y:T,width:Math.max(b-a,.5),height:ph,style:"fill:transparent"}),
          when(p)+"\n"+values.map(function(v){return v[1];}).join("\n"));
        strip.addEventListener("pointerenter",function(){
          cursor.setAttribute("x1",x(p));cursor.setAttribute("x2",x(p));cursor.style.visibility="visible";
        });
        s.appendChild(strip);
      });
      s.addEventListener("pointerleave",function(){cursor.style.visibility="hidden";});
    }
    function timeAxis(s,t0,t1,L,pw,y){
      var span=t1-t0,count=Math.max(2,Math.floor(pw/90));
      var steps=[1,10,100,1e3,5e3,15e3,60e3,3e5,9e5,18e5,36e5,72e5,108e5,216e5,432e5,864e5,1728e5,3456e5,6048e5,12096e5];
      var step=steps.find(function(v){return span/v<=count;}),ticks=[];
      function put(t,text){ticks.push([t,text]);}
      if(step){
        var monday=step>=6048e5?3*864e5:0;
        for(var t=Math.ceil((t0+monday)/step)*step-monday;t<=t1;t+=step){
          var d=new Date(t);
          put(t,step>=864e5||d.getUTCHours()+d.getUTCMinutes()+d.getUTCSeconds()===0?day(t):
            step<60e3?clock(t)+":"+two(d.getUTCSeconds()):clock(t));
        }
      }else{
        // whole months or years
        var months=[1,3,6,12,24,60,120,240,600,1200,12000].find(function(m){return span/2.63e9/m<=count;})||120000;
        var from=new Date(t0),m0=from.getUTCFullYear()*12+from.getUTCMonth();
        for(var m=Math.ceil(m0/months)*months;;m+=months){
          var tm=Date.UTC(Math.floor(m/12),m%12,1); if(tm>t1)break; if(tm<t0)continue;
          put(tm,months>=12?String(Math.floor(m/12)):MONTHS[m%12]+" "+Math.floor(m/12));
        }
      }
      if(!ticks.length)put(t0,stamp(t0,60000));
      ticks.forEach(function(tick){
        var px=t1===t0?L+pw/2:L+pw*(tick[0]-t0)/(t1-t0);
        s.appendChild(el("text",{x:px,y:y+17,"text-anchor":px<L+24?"start":px>L+pw-24?"end":"middle"},tick[1]));
      });
    }
    function value(key){return function(p){return p[key];};}
    function table(box,heads,keys){
      dataTable(box,["Time (UTC)","Batch"].concat(heads),function(){
        return report.points.map(function(p){
          return [new Date(p.timeMilliseconds).toISOString().slice(0,19).replace("T"," "),p.batch].concat(
            keys.map(function(k){return p[k];}));});
      });
    }
    function sizes(box){
      course(box,[{name:"Edges",color:"--a",area:true,value:value("edges")},
        {name:"Vertices",color:"--b",value:value("vertices")}],"Edges and vertices over time",short);
      table(box,["Edges","Vertices"],["edges","vertices"]);
    }
    function componentsOverTime(box){
      course(box,[{name:"Components",color:"--c",area:true,value:value("components")}],"Components over time",short);
      table(box,["Components","Vertices in the largest"],["components","largestComponent"]);
    }
    function changes(box){
      course(box,[{name:"Inserted",color:"--a",area:true,value:value("inserted")},
        {name:"Expired",color:"--b",value:value("expired")}].concat(report.removed?[
        {name:"Removed",color:"--bad",value:value("removed")}]:[]),"Edges that came and went",short);
      table(box,["Inserted","Expired","Removed"],["inserted","expired","removed"]);
    }
    function rate(v){return v===0?"0":v>=1?"100%":(v*100).toPrecision(v<.001?2:3).replace(/\.?0+$/,"")+"%";}
    // the vertices that held most of the rank over the time; equal parts of it count alike
    function rankPaths(box){
      var sums=new Map(),ps=report.points;
      ps.forEach(function(p,i){
        var share=((i+1<ps.length?ps[i+1]:p).timeMilliseconds-(i?ps[i-1]:p).timeMilliseconds)||1;
        p.top.forEach(function(r){sums.set(r.id,(sums.get(r.id)||0)+r.rank*share);});
      });
      if(!sums.size)return empty(box,"No ranks were kept: --top 0.");
      var ids=Array.from(sums.keys()).sort(function(a,b){return sums.get(b)-sums.get(a);}).slice(0,7);
      var high=0,by=new Map(ids.map(function(id){return [id,new Map()];}));
      report.points.forEach(function(p){p.top.forEach(function(r){
        if(by.has(r.id)){by.get(r.id).set(p.batch,r.rank);high=Math.max(high,r.rank);}
      });});
      var unit=Math.pow(10,Math.floor(Math.log10(high))),top=[1,1.2,1.6,2,2.4,3.2,4,6,8,10].find(function(m){
        return m*unit>=high;})*unit;
      course(box,ids.map(function(id,i){
        return {name:id,color:COLORS[i],value:function(p){var v=by.get(id).get(p.batch);return v===undefined?null:v;}};
      }),"Ranks of the strongest vertices over time",rate,top);
      dataTable(box,["Time (UTC)","Highest ranks"],function(){
        return report.points.map(function(p){
          return [new Date(p.timeMilliseconds).toISOString().slice(0,19).replace("T"," "),
            p.top.map(function(r){return r.id+" "+rate(r.rank);}).join(", ")];});
      });
    }
    function work(box){
      if(!report.points.some(function(p){return p.updateMilliseconds!=null;}))
        return empty(box,"Times were left out: --timings omit.");
      function ms(v){return v===0?"0":v>=1000?trim(v/1000)+" s":v>=10?v.toFixed(0)+" ms":v>=1?v.toFixed(1)+" ms":(v*1000).toFixed(0)+" µs";}
      var high=report.points.reduce(function(m,p){return Math.max(m,p.updateMilliseconds||0);},0)||1;
      var unit=Math.pow(10,Math.floor(Math.log10(high))),top=[1,1.2,1.6,2,2.4,3.2,4,6,8,10].find(function(m){
        return m*unit>=high;})*unit;
      course(box,[{name:"Time",color:"--good",area:true,value:function(p){return p.updateMilliseconds;}}],
        "Time to bring ranks and components up to date",ms,top);
      table(box,["Milliseconds"],["updateMilliseconds"]);
    }

    """#

  private static let network = #"""
    // forces in a fixed number of rounds from a fixed start: the same picture every time
    function layout(n,links,W,H){
      var xs=[],ys=[],i,j,k=Math.sqrt(W*H/(n||1))*.72;
      for(i=0;i<n;i++){
        var a=i*2.399963,r=Math.sqrt(i+.5)/Math.sqrt(n)*Math.min(W,H)*.42;
        xs.push(W/2+r*Math.cos(a)); ys.push(H/2+r*Math.sin(a)*.9);
      }
      for(var round=0;round<420;round++){
        var dx=new Float64Array(n),dy=new Float64Array(n),heat=Math.max(W,H)*.06*Math.pow(1-round/420,1.5)+.2;
        for(i=0;i<n;i++)for(j=i+1;j<n;j++){
          var ux=xs[i]-xs[j],uy=ys[i]-ys[j],d=Math.max(Math.sqrt(ux*ux+uy*uy),.5),f=k*k/d/d;
          dx[i]+=ux*f;dy[i]+=uy*f;dx[j]-=ux*f;dy[j]-=uy*f;
        }
        links.forEach(function(l){
          var ux=xs[l.source]-xs[l.target],uy=ys[l.source]-ys[l.target],d=Math.sqrt(ux*ux+uy*uy),f=d/k*.35;
          dx[l.source]-=ux*f;dy[l.source]-=uy*f;dx[l.target]+=ux*f;dy[l.target]+=uy*f;
        });
        for(i=0;i<n;i++){
          dx[i]+=(W/2-xs[i])*.5;dy[i]+=(H/2-ys[i])*1.1;
          var len=Math.max(Math.sqrt(dx[i]*dx[i]+dy[i]*dy[i]),1e-9),m=Math.min(len,heat)/len;
          xs[i]=Math.max(26,Math.min(W-26,xs[i]+dx[i]*m)); ys[i]=Math.max(24,Math.min(H-24,ys[i]+dy[i]*m));
        }
      }
      return [xs,ys];
    }
    function network(box){
      var v=report.vertices,n=v.length;
      if(!n)return empty(box,"No edge was left at the end.");
      var W=box.clientWidth,H=Math.round(Math.min(560,Math.max(340,W*.56))),s=svg(box,W,H,"The strongest vertices and their edges");
      var all=report.links,p=layout(n,all,W,H),xs=p[0],ys=p[1],top=v[0].rank||1,most=1;
      all.forEach(function(l){most=Math.max(most,l.count);});
      function radius(i){return 5+17*Math.sqrt(v[i].rank/top);}
      all.forEach(function(l){
        var x0=xs[l.source],y0=ys[l.source],x1=xs[l.target],y1=ys[l.target],ux=x1-x0,uy=y1-y0;
        var d=Math.max(Math.sqrt(ux*ux+uy*uy),1),bend=report.isUndirected?0:.12;
        // curved to the left of its way, so that both directions can be seen
        var mx=(x0+x1)/2+uy*bend,my=(y0+y1)/2-ux*bend;
        s.appendChild(el("path",{d:"M"+x0.toFixed(1)+" "+y0.toFixed(1)+"Q"+mx.toFixed(1)+" "+my.toFixed(1)+" "+
          (x1-ux/d*radius(l.target)).toFixed(1)+" "+(y1-uy/d*radius(l.target)).toFixed(1),
          style:"fill:none;stroke:var(--faint);stroke-linecap:round;stroke-width:"+(.7+2.6*Math.sqrt(l.count/most)).toFixed(2)+
          ";opacity:"+(.18+.4*Math.sqrt(l.count/most)).toFixed(2)}));
      });
      v.forEach(function(q,i){
        var near=all.filter(function(l){return l.source===i||l.target===i;}).length;
        s.appendChild(mark(el("circle",{cx:xs[i].toFixed(1),cy:ys[i].toFixed(1),r:radius(i).toFixed(1),
          style:"fill:var("+(i<10?"--a":"--c")+");stroke:var(--surface);stroke-width:1.5"}),
          q.id+"\nrank "+rate(q.rank)+", number "+(i+1)+"\n"+num(q.edgesIn)+" edges in, "+num(q.edgesOut)+" out\n"+
          num(near)+" links shown here"));
      });
      v.forEach(function(q,i){
        if(i>=10&&W<700)return;
        var inside=q.id.length*7.2<radius(i)*2-5;
        s.appendChild(el("text",{class:inside?"":"label halo",x:xs[i],y:ys[i]+(inside?4:radius(i)+12),"text-anchor":"middle",
          style:"pointer-events:none;"+(inside?"fill:var(--on-heat);font-weight:600;font-size:11px":
          "font-size:"+(i<10?"12px;font-weight:600":"11px"))},cut(q.id,18)));
      });
      dataTable(box,["From","To","Edges"],function(){
        return all.map(function(l){return [v[l.source].id,v[l.target].id,l.count];});});
    }

    """#
}
