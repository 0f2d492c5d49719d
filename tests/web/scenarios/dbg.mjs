export default async function (browser, asked) {
  const page = await browser.newPage();
  const out=[];
  page.on('console', m=>out.push(m.text())); 
  await page.goto(asked.url);
  await page.waitForTimeout(3000);
  const r = await page.evaluate(async () => {
    const res={};
    for (const type of ['module','classic']) for (const code of ['postMessage(1)','postMessage(typeof WebAssembly)']) {
      const u=URL.createObjectURL(new Blob([code],{type:'text/javascript'}));
      res[type+code]=await new Promise(r=>{ try{const w=new Worker(u,{type}); w.onmessage=e=>r(e.data); w.onerror=e=>r('ERR '+e.message)}catch(e){r('T '+e.message)} setTimeout(()=>r('timeout'),2000)});
    }
    return res;
  });
  return {r,out};
}
