"""Urgent phrases in Spanish, French, German, Portuguese, Hindi, Chinese, Polish and Turkish: danger to oneself or others.

No learned reader is measured in these languages, so these lists are what stands between a person in danger and silence
there. They hold what people plainly say, not what they hint at.
"""

from __future__ import annotations

from service.flagging.detectors.cues import cue

SELF_HARM_ABROAD = (
    cue("es", 0.9,
        r"\bsuicid(?:io|arme|arse|ar|é|a)\b|\b(?:matar|ahorcar|cortar|tirar|lastimar|colgar)me\b(?! de risa)|quitar(?:me|se) la vida|(?:quiero|quisiera|ganas de|prefiero|preferiría|pensado en) (?:morir(?:me)?|desaparecer|no existir|no despertar)\b|acabar con (?:mi vida|todo)|(?:estarían|estará\w*|viven?) mejor sin mí|no (?:quiero|puedo) (?:seguir )?vi(?:vir|viendo)|hacerme daño|soy una carga|dejar de (?:estar|existir|vivir)|(?:nadie|quién) (?:iba a|va a|se) (?:notar|extrañ\w+|dar cuenta)[^.\n]{0,20}|de los muertos nadie|ya no voy a estar",
        r"suicidio (?:profesional|laboral|político)|\b(?:va|van|iba|iban|quieren?|podrían?) (?:a )?matarme\b|(?:morir(?:me)?|matarme) de (?:risa|la risa|vergüenza|aburrimiento|hambre|sueño)|proceso"),
    cue("fr", 0.9,
        r"\b(?:le|du|au|mon|son|un|de|tentative de) suicide\b|\bsuicid(?:er|aire|ée?)\b|\bme (?:tuer|pendre|foutre en l'air|jeter (?:sous|par|dans|du)|faire du mal|scarifier)\b|en finir\b(?! avec (?:ce|cet|cette|le|la|les) (?:projet|ticket|sprint|dossier|migration|chantier))|(?:envie|voudrais|veux|préfère\w*|rêve) (?:de )?(?:mourir|disparaître|ne plus (?:exister|vivre|me réveiller|être là))|mettre fin à (?:mes jours|ma vie)|mieux sans moi|(?:plus|pas) (?:envie|la force) de vivre|je ne serai(?:s)? plus (?:là|de ce monde)|sauter (?:du|par|sous|dans)|je suis un (?:poids|fardeau)|(?:ne )?pas aller jusqu'à l'autre|suis arriv[ée]+ au bout|lettres? d'adieu|écrit (?:\w+ )?lettres",
        r"\b(?:va|vont|allait|veut|veulent|pourrait) me tuer\b|mourir de (?:rire|honte|faim|ennui)|suicide (?:professionnel|commercial|politique)|processus|sauter (?:du coq|dans le train)"),
    cue("de", 0.9,
        r"\bsuizid\w*|selbstmord\w*|(?:mich|sich|mi) (?:\w+ )?(?:umbringen|umbringe|umbringt|umzubringen|erhängen|ritzen|ritze|vor den zug|vor die (?:u-?bahn|u6|bahn))\b|mir das leben nehmen|(?:will|möchte|wollte|mag|wünschte)[^.\n]{0,24}\b(?:nicht mehr (?:leben|aufwachen|da sein)|sterben|tot sein|weg sein)\b|nicht mehr (?:leben|weiterleben|aufwachen) (?:will|wollen|möchte|mag)|mich selbst verletz\w+|besser (?:dran )?ohne mich|(?:nur )?(?:eine )?last für (?:alle|euch|meine)|abschiedsbrief\w*|allem ein ende (?:setzen|machen)|vor der gelben linie|gelben linie steh",
        r"\b(?:er|sie|chef\w*|boss|manager\w*|leiter\w*|frau|mann) (?:wird|würde|will|könnte) mich (?:\w+ )?umbringen|karriere-?selbstmord|(?:lachen|langeweile|hunger|scham|kälte)|prozess"),
    cue("pt", 0.9,
        r"\bsuic[ií]d(?:io|ar|a)\b|\bme (?:matar|mato|enforcar|cortar|jogar (?:da|do|na|debaixo))\b|tirar (?:a )?(?:minha|própria) vida|(?:quero|queria|vontade de|prefiro|preferia|pensando em) (?:morrer|sumir de vez|desaparecer|não existir|não acordar)\b|acabar com (?:tudo|a minha vida)|melhor sem mim|não (?:quero|aguento) mais viver|não vejo (?:mais )?(?:sentido|razão) (?:em|de|pra|para) viver|sou um (?:peso|fardo)|deixar de existir|pular d[ao] (?:ponte|prédio|viaduto|janela)",
        r"\b(?:vai|vão|ia|iam|quer|querem|pode) me matar\b|(?:morrer|me mata[r]?) de (?:rir|vergonha|fome|sono|tédio)|suicídio profissional|processo"),
    cue("hi", 0.9,
        r"आत्महत्या|ख़?ु?दकु?शी|खुदकुशी|जान दे|(?:मर|मरने) (?:जाना|जाऊँ|जाऊं|का मन|की इच्छा|चाहता|चाहती)|जीना नहीं (?:चाहता|चाहती)|जीने (?:का मन नहीं|की इच्छा नहीं)|(?:ज़िंदगी|जिंदगी|जीवन) (?:खत्म|ख़त्म)|मेरे (?:बिना|बाद)[^।\n]{0,40}(?:बेहतर|अच्छा|दे देना|ठीक)|marna chaht[ai]|jeena nahi|मौत (?:चाहता|चाहती)",
        r"जान (?:लेकर|ले रहा|निकल)"),
    cue("zh", 0.9,
        r"自杀|自殺|轻生|輕生|割腕|遗书|遺書|自残|自殘|(?:不想|不太想|不願|不愿|没有力气)(?:再)?活|活(?:不下去|着没意思|着没有意义|腻)|(?:想|想要|真想|不如)(?:去)?死(?!磕|机|锁|循环|记|守)|结束(?:自己的)?生命|跳(?:楼|桥|河|下去)|(?:没有我|我不在)[^。\n]{0,12}(?:更好|好过|轻松)|一了百了|不想(?:再)?醒来|就这样算了",
        r"笑死|累死|困死|死锁|死循环|死机|想死你|尴尬"),
    cue("pl", 0.9,
        r"samobój\w+|zabi(?:ć|ję) się|nie (?:chcę|chce mi się) (?:już )?żyć|odebrać sobie życie|skończyć ze sobą|(?:chcę|wolał[ae]?bym|chciał[ae]?bym) (?:umrzeć|zniknąć|nie istnieć)|lepiej beze mnie|po(?:ciąć|tnę) się|zrobić sobie krzywdę",
        r"umrzeć ze (?:śmiechu|wstydu|nudów)|proces"),
    cue("tr", 0.9,
        r"intihar|(?:ölmek|yok olmak) ist\w+|yaşamak istemiyorum|hayatıma son|kendimi (?:öldür\w+|asmak|kesmek|atmak)|bensiz daha iyi|kendime zarar",
        r"kariyer intiharı|gülmekten öl"),
)  # fmt: skip

DISTRESS_ABROAD = (
    cue("es", 0.6,
        r"ataques? de (?:pánico|ansiedad)|no (?:puedo|podía) (?:respirar|parar de llorar|dejar de llorar|levantarme|salir de la cama|dormir)|(?:lloro|llorando|lloré) (?:todos los días|cada|en el baño|sin parar|todas)|se me cierra (?:la garganta|el pecho)|no (?:puedo|aguanto) más|no (?:veo|hay|tengo) (?:ninguna )?salida|no tengo a (?:nadie|quién)|(?:tirad[oa]|sentad[oa]) en el (?:piso|suelo)|temblando|me tiemblan",
        r"temblando de (?:risa|frío)|hace años"),
    cue("fr", 0.6,
        r"(?:crises?|attaques?) de panique|(?:n'arrive|arrive|peux|pouvais) (?:plus|pas) (?:à )?(?:respirer|dormir|me lever|sortir|manger|parler)|(?:pleure|pleurais|pleuré) (?:tous les|toutes les|chaque|sans|dans les)|je tremb\w+|je n'en peux plus|je n'y arrive plus|je n'arrive plus\b|je ne tiens plus|(?:ne )?(?:vois|voyais|y a) (?:plus )?(?:aucune|pas d') ?issue|n'ai personne|(?:enfermée?|assise?|effondrée?) (?:dans|aux|sur|par) (?:les|le|la)? ?(?:toilettes|carrelage|sol|terre)|plus (?:de|aucun) (?:souffle|espoir)",
        r"n'arrive plus à (?:suivre|compiler|trouver|reproduire|choisir entre)|tremble de rire"),
    cue("de", 0.6,
        r"panikattacke\w*|(?:krieg\w*|bekomm\w*|hab\w{0,8})[^.\n]{0,24}keine luft|nicht (?:mehr )?atmen|(?:wein|heul)e? (?:jeden|jede|nur noch|ständig|die ganze)|(?:zitter|zittere|gezittert)\b|ich kann nicht mehr|keinen ausweg|hab\w* niemand\w*|mir schwarz (?:wird|vor augen)|(?:am|auf dem) (?:boden|fliesen)[^.\n]{0,20}(?:gelegen|gesessen|lieg|sitz)|(?:saß|gesessen|sitze)[^.\n]{0,24} im treppenhaus",
        r"kann nicht mehr (?:warten|nachvollziehen|genau)|luft (?:nach oben|zum)"),
    cue("pt", 0.6,
        r"(?:crises?|ataques?) de (?:pânico|ansiedade|choro)|não consigo (?:mais )?(?:respirar|levantar|sair da cama|parar de chorar|dormir|comer|falar)|(?:choro|chorando|chorei) (?:todo|toda|no banheiro|sem parar|escondid)|não aguento mais|não (?:vejo|tenho) (?:mais )?(?:nenhuma )?saída|não tenho (?:ninguém|a quem|com quem)|corpo não obedece|coração na garganta|tremendo (?:tod[oa]|inteir[oa])|(?:sentad[oa]|caíd[oa]|deitad[oa]) no chão|não sei mais o que fazer",
        r"não aguento mais (?:de rir|esse café|o jira|reunião)|tremendo (?:de rir|time)"),
    cue("hi", 0.6,
        r"पैनिक|(?:साँस|सांस) (?:अटक|नहीं|रुक|फूल)\S*|(?:रोता|रोती|रो रहा|रो रही|रोना) (?:रहत|आ|ही)\S*|(?:हाथ|शरीर) (?:काँप|कांप)\S*|कोई रास्ता नहीं|किसी (?:को|से) (?:नहीं|कह नहीं|बता नहीं)|आगे कुछ (?:दिखता|नहीं)|(?:फ़र्श|फर्श|ज़मीन) पर (?:बैठ|पड़)\S*|अब और नहीं (?:होता|सह)",
        r"हँसते"),
    cue("zh", 0.6,
        r"(?:一直|不停|控制不住)(?:地)?(?:发抖|在抖|抖|哭)|眼泪(?:自己|止不住|停不下来)|喘不(?:过|上)(?:来)?气|呼吸不(?:了|过来)|惊恐发作|恐慌发作|(?:快|要|已经|彻底)崩溃了|撑不(?:住|下去)|绝望|(?:每天|天天)(?:晚上|早上)?(?:都)?(?:在)?哭|整(?:夜|晚)睡不着|没有(?:任何)?(?:人可以|出路|希望)|什么都完了|下不了床|不知道明天怎么办",
        r"笑哭|哭笑"),
    cue("pl", 0.6, r"atak\w* paniki|nie mogę (?:oddychać|wstać|spać|przestać płakać)|płaczę (?:codziennie|co|w)|(?:ręce|cała|cały) (?:mi )?się trzę\w+|nie widzę (?:wyjścia|sensu|żeby miało)|nie mam nikogo|leżę na (?:podłodze|kafelkach)|nie daję (?:już )?rady"),
)  # fmt: skip

VIOLENCE_ABROAD = (
    cue("es", 0.8,
        r"\b(?:l[oae]s?|te|lo|a) (?:voy|vamos|van|va) a (?:matar|romper|quebrar|golpear|cagar a palos|lastimar|reventar|acuchillar)\b|(?:voy|vamos|van|va) a (?:matar(?:lo|la|los|te|le)|(?:quebrar|romper)(?:le|lo|la|te)?(?: las? (?:manos?|piernas?|cara))?|reventar(?:lo|la|le|te))|(?:amenaz\w{1,12})[^.\n]{0,30}(?:muerte|matar|pistola|cuchillo|navaja)|(?:llev\w+|tra[ejé]\w*|tiene|saqu\w+|sacó) (?:un|una|el|la|su)?\s?(?:pistola|cuchillo|navaja|arma)\b|una paliza",
        r"proces\w+|\bhijos? del? padre|servidor|build|zombie|huérfan\w+"),
    cue("fr", 0.8,
        r"\b(?:je|il|elle|on|ils) (?:vais|va|vont|veut|veux) (?:te|le|la|les|lui|leur) (?:tuer|crever|massacrer|planter|frapper|casser la (?:gueule|figure)|faire la peau|buter)\b|menac\w+ de (?:mort|(?:me|le|la|les|nous|te) (?:tuer|frapper|planter))|(?:avec|sorti|amené|apport\w+|acheté) (?:un|son|le) (?:couteau|fusil|flingue|pistolet|arme)|(?:l'|m'|t'|les |nous )attend(?:ra|rait|ait)? (?:en bas|dehors|à la sortie|sur le parking)|(?:y|il|elle) (?:passera|passeront) aussi|te faire la peau",
        r"processus|zombie|serveur|prod\b"),
    cue("de", 0.8,
        r"\b(?:bring|bringe|bringt|werde)\b[^.\n]{0,20}\b(?:ihn|sie|dich|euch|den|die)\b[^.\n]{0,12}\b(?:um|umbringen|abstechen|töten|erschießen|zusammenschlagen)\b|amok\w*|morddrohung\w*|(?:droht|gedroht|drohte)[^.\n]{0,40}(?:umbring|abstech|messer|waffe|zusammenschlag|erschieß)\w*|(?:mit|ein|seinem|das) (?:messer|waffe|pistole|hammer) (?:in die|ins|zur) (?:arbeit|büro|firma|werkstatt|schule)",
        r"prozess|build|branch|server"),
    cue("pt", 0.8,
        r"\b(?:vou|vai|vamos|vão) (?:te |o |a |os |lhe |ele |ela )?(?:matar|esfaquear|quebrar a cara|arrebentar|dar (?:um )?tiro|encher de porrada|pegar) ?(?:ele|ela|você|eles|todo mundo|o \w+|a \w+)?\b|ameaç\w{1,12}[^.\n]{0,40}(?:morte|matar|faca|arma|tiro)|(?:com|levar|trazer|trouxe|levou) (?:uma?|a|o) (?:faca|arma|revólver|pistola)|n(?:unca|ão vai) mais gritar com ninguém",
        r"processo|servidor|zumbi|build|vou pegar (?:o|a) (?:metrô|tarefa|ônibus|card|ticket)"),
    cue("hi", 0.8,
        r"मार (?:डाल|दूँगा|दूंगा|देगा|डालूँगा|डालूंगा)\S*|जान से मार\S*|(?:चाकू|पिस्तौल|बंदूक) (?:लेकर|ले कर|दिखा)\S*|गोली मार\S*|जान से (?:मारने की )?धमकी|धमकी[^।\n]{0,20}(?:मार|जान|चाकू)",
        r"प्रोसेस|मार्केट|गोली मारो"),
    cue("zh", 0.8,
        r"(?:杀|砍|弄|打|捅|炸)(?:死|了|掉)(?:他|她|你|他们|你们|那|所有|老板)|(?:带|拿|买)(?:了)?(?:一?把)?(?:刀|枪|汽油)|同归于尽|别想(?:活着|走着)(?:出去|离开)|一个都别想|让(?:他|她|你们|他们)(?:见血|好看|付出代价|陪葬)|要(?:他|她|你|他们)(?:的)?命",
        r"进程|杀毒|线程|拿来主义"),
    cue("pl", 0.8, r"zabij[ęe] (?:go|ją|ich|was|cię)|(?:groz\w{1,12}|zagroził\w{0,6})[^.\n]{0,40}(?:zabi\w+|pobi\w+|noż\w+|śmierci\w*)|(?:z|przyn\w+|ma) (?:nożem|nóż|broń|pistolet)|połam\w+ (?:mu|jej|im) (?:ręce|nogi)", r"proces"),
    cue("tr", 0.8, r"(?:onu|seni|onları|sizi) öldür\w+|(?:bıçak|silah)(?:la|ı)? (?:getir\w+|çek\w+|göster\w+)|ölümle tehdit\w*", r"proses|süreç"),
)  # fmt: skip
