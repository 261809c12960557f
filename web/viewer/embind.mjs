/**
 * The image codecs in the viewer (CharLS, OpenJPEG, libjpeg-turbo, OpenJPH) are bound by Emscripten's
 * embind, which writes its glue as text and compiles it with `new Function`. A content security
 * policy without 'unsafe-eval' forbids that, so the glue is given here as plain closures that do
 * the same (what `emcc -sDYNAMIC_EXECUTION=0` would have produced).
 *
 * Each entry: text in the bundle, text instead of it. `rewriteEmbind` fails when one of the kinds
 * is left over, so a new version of the viewer cannot slip through half patched.
 */

const NAMED_FUNCTION = {
  from: /new Function\(\s*"body",\s*"return function "[\s\S]{0,240}?"\};\\n"\s*\)\(body\)/g,
  to: 'Object.defineProperty(function(){"use strict";return body.apply(this,arguments)},"name",{value:name})',
};

/** Calls a C++ function: converts arguments, calls, frees what the conversion made, converts back. */
const INVOKER = {
  from: /new_\(Function,\s*args1\)\.apply\(null,\s*args2\)/g,
  to: `(function(){
    if(arguments.length!==argCount-2){throwBindingError("function "+humanName+" called with "+arguments.length+" arguments, expected "+(argCount-2)+" args!")}
    var destructors=needsDestructorStack?[]:null,wired=[cppTargetFunc];
    if(isClassMethodFunc){wired.push(argTypes[1].toWireType(destructors,this))}
    for(var k=2;k<argTypes.length;++k){wired.push(argTypes[k].toWireType(destructors,arguments[k-2]))}
    var rv=cppInvokerFunc.apply(null,wired);
    if(needsDestructorStack){runDestructors(destructors)}
    else{for(var k=isClassMethodFunc?1:2;k<argTypes.length;++k){if(argTypes[k].destructorFunction!==null){argTypes[k].destructorFunction(wired[isClassMethodFunc?k:k-1])}}}
    if(returns){return argTypes[0].fromWireType(rv)}
  })`,
};

const INVOKER_OF_LATER_EMBIND = {
  from: 'newFunc(Function,args)(...closureArgs)',
  to: `(function(...given){
    var destructors=needsDestructorStack?[]:null,wired=[cppTargetFunc];
    if(isClassMethodFunc){wired.push(argTypes[1].toWireType(destructors,this))}
    for(var k=2;k<argTypes.length;++k){wired.push(argTypes[k].toWireType(destructors,given[k-2]))}
    var rv=cppInvokerFunc(...wired);
    if(needsDestructorStack){runDestructors(destructors)}
    else{for(var k=isClassMethodFunc?1:2;k<argTypes.length;++k){if(argTypes[k].destructorFunction!==null){argTypes[k].destructorFunction(wired[isClassMethodFunc?k:k-1])}}}
    if(returns){return argTypes[0].fromWireType(rv)}
  })`,
};

/** C++ calls a method of a JavaScript value. */
const METHOD_CALLER = {
  from: 'new_(Function,params).apply(null,args)',
  to: `(function(handle,name,destructors,memory){
    var values=[],at=0;
    for(var k=1;k<types.length;++k){values.push(types[k].readValueFromPointer(memory+at));at+=types[k].argPackAdvance}
    var rv=handle[name].apply(handle,values);
    for(var k=1;k<types.length;++k){if(types[k].deleteObject){types[k].deleteObject(values[k-1])}}
    if(!retType.isVoid){return retType.toWireType(destructors,rv)}
  })`,
};

const METHOD_CALLER_OF_LATER_EMBIND = {
  from: 'newFunc(Function,params)(...args)',
  to: `(function(obj,func,destructorsRef,memory){
    var values=[],at=0;
    for(var k=0;k<argCount;++k){values.push(types[k].readValueFromPointer(memory+at));at+=types[k].argPackAdvance}
    var rv=kind===1?new func(...values):kind===0?func.call(obj,...values):func.call(...values);
    if(!retType.isVoid){return emval_returnValue(retType,destructorsRef,rv)}
  })`,
};

/** C++ constructs a JavaScript value. */
const ALLOCATOR = {
  from: /new Function\("requireRegisteredType","Module","valueToHandle","getMemory",functionBody\)\(requireRegisteredType,Module,Emval\.toHandle,getMemory\)/g,
  to: `(function(constructor,argTypes,memory){
    var heap=getMemory(),values=[];
    for(var k=0;k<argCount;++k){var type=requireRegisteredType(heap[argTypes>>2],"parameter "+k);values.push(type.readValueFromPointer(memory));memory+=type.argPackAdvance;argTypes+=4}
    return Emval.toHandle(new constructor(...values))
  })`,
};

/** The same in the older embind of the microscopy viewer, where argument types are not consumed. */
const ALLOCATOR_OF_EARLIER_EMBIND = {
  from: /new Function\("requireRegisteredType","Module","valueToHandle",functionBody\)\(requireRegisteredType,Module,Emval\.toHandle\)/g,
  to: `(function(constructor,argTypes,memory){
    var values=[];
    for(var k=0;k<argCount;++k){var type=requireRegisteredType(Module.HEAPU32[(argTypes>>>2)+k],"parameter "+k);values.push(type.readValueFromPointer(memory));memory+=type.argPackAdvance}
    return Emval.toHandle(new constructor(...values))
  })`,
};

const REWRITES = [
  NAMED_FUNCTION,
  INVOKER,
  INVOKER_OF_LATER_EMBIND,
  METHOD_CALLER,
  METHOD_CALLER_OF_LATER_EMBIND,
  ALLOCATOR,
  ALLOCATOR_OF_EARLIER_EMBIND,
];

const LEFT_OVER = /new Function\(\s*"(?:body|requireRegisteredType)"|newFunc\(Function|new_\(Function/;

/** The bundle's text without run-time compilation of embind glue. */
export function rewriteEmbind(source, name) {
  if (!LEFT_OVER.test(source)) return source;
  const rewritten = REWRITES.reduce((text, { from, to }) => text.replaceAll(from, () => to), source);
  const left = LEFT_OVER.exec(rewritten);
  if (left) throw new Error(`${name}: embind glue is still compiled at run time near ${left.index}`);
  return rewritten;
}
